// SPDX-License-Identifier: GPL-2.0-only
/* The keys of a [store NAME] section, and which of them each kind of store has. */
#include <string.h>

#include "base/conf_value.h"
#include "base/words.h"

static const char *const kinds[] = {
	[STORE_LINE_PROTOCOL] = "line-protocol",
	[STORE_INFLUXDB_1] = "influxdb-1",
	[STORE_INFLUXDB_2] = "influxdb-2",
	[STORE_INFLUXDB_3] = "influxdb-3",
	[STORE_VICTORIAMETRICS] = "victoriametrics",
};

#define KINDS (sizeof(kinds) / sizeof(*kinds))
#define FOR(kind) (1U << STORE_##kind)

const char *conf_store_kind_name(enum conf_store_kind kind)
{
	return kinds[kind];
}

static void read_kind(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_word(reader, "kind", kinds, KINDS);

	if (index >= 0)
		*(enum conf_store_kind *)field = (enum conf_store_kind)index;
}

static void read_begin(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	conf_read_choice(reader, "oldest", "now", field);
}

#define STORE(member) CONF_FIELD(struct conf_store, member)

static const struct conf_key keys[] = {
	{ .name = "kind", .read = read_kind, STORE(kind) },
	{ .name = "url", .read = conf_read_url, STORE(url), .is_required = true,
	  .example = "http://127.0.0.1:8428/write" },
	{ .name = "database", .read = conf_read_text, STORE(database) },
	{ .name = "retention-policy", .read = conf_read_text, STORE(retention_policy) },
	{ .name = "org", .read = conf_read_text, STORE(org) },
	{ .name = "bucket", .read = conf_read_text, STORE(bucket) },
	{ .name = "token-file", .read = conf_read_secret, STORE(token_file),
	  .max = CONF_PATH_MAX - 1 },
	{ .name = "user", .read = conf_read_text, STORE(user) },
	{ .name = "password-file", .read = conf_read_secret, STORE(password_file),
	  .max = CONF_PATH_MAX - 1 },
	{ .name = "ca-file", .read = conf_read_path, STORE(ca_file), .max = CONF_PATH_MAX - 1 },
	{ .name = "certificate-file", .read = conf_read_path, STORE(certificate_file),
	  .max = CONF_PATH_MAX - 1 },
	{ .name = "key-file", .read = conf_read_path, STORE(key_file), .max = CONF_PATH_MAX - 1 },
	{ .name = "proxy", .read = conf_read_url, STORE(proxy) },
	{ .name = "begin", .read = read_begin, STORE(begins_at_oldest) },
	{ .name = "batch-lines", .read = conf_read_u32, STORE(batch_lines),
	  .units = &units_none, .min = 1, .max = 100e3 },
	{ .name = "send-every", .read = conf_read_u32, STORE(send_every_ms),
	  .units = &units_time, .min = 0, .max = 3600e3 },
	{ .name = "drain-rate", .read = conf_read_u32, STORE(drain_rate),
	  .units = &units_rate, .min = 100, .max = 1e9 },
	{ .name = "monthly-data", .read = conf_read_u64, STORE(monthly_bytes),
	  .units = &units_bytes, .min = 1024 * 1024, .max = 1024.0 * 1024 * 1024 * 1024 },
	{ .name = "month-begins", .read = conf_read_u32, STORE(month_begins),
	  .units = &units_none, .min = 1, .max = 28 },
	{ .name = "timeout", .read = conf_read_u32, STORE(timeout_ms),
	  .units = &units_time, .min = 1e3, .max = 300e3 },
};

/* Keys that not every kind has: where they must be, and where they may be. */
static const struct {
	const char *key, *example;
	unsigned int must, may;
} by_kind[] = {
	{ "database", "hydropon", FOR(INFLUXDB_1) | FOR(INFLUXDB_3), 0 },
	{ "retention-policy", NULL, 0, FOR(INFLUXDB_1) },
	{ "org", "farm", FOR(INFLUXDB_2), 0 },
	{ "bucket", "hydropon", FOR(INFLUXDB_2), 0 },
	{ "token-file", "/etc/hydropon/store.token", FOR(INFLUXDB_2),
	  FOR(LINE_PROTOCOL) | FOR(INFLUXDB_1) | FOR(INFLUXDB_3) | FOR(VICTORIAMETRICS) },
	{ "user", NULL, 0, FOR(LINE_PROTOCOL) | FOR(INFLUXDB_1) | FOR(VICTORIAMETRICS) },
};

static void reject(struct conf_reader *reader, const char *key, const char *why)
{
	const struct conf_setting *setting = conf_section_find(reader->section, key);

	if (setting)
		conf_mistake(reader->tree, reader->section, setting, "%s", why);
}

static void check_kind(struct conf_reader *reader, const struct conf_store *store)
{
	const unsigned int kind = 1U << store->kind;
	const char *names[KINDS];
	char list[128], why[256];

	for (size_t i = 0; i < sizeof(by_kind) / sizeof(*by_kind); i++) {
		const char *key = by_kind[i].key;
		size_t n = 0;

		if (by_kind[i].must & kind && !conf_section_find(reader->section, key))
			conf_mistake(reader->tree, reader->section, NULL,
				     "%s is missing, which %s needs; add \"%s = %s\"", key,
				     kinds[store->kind], key, by_kind[i].example);
		if ((by_kind[i].must | by_kind[i].may) & kind)
			continue;
		for (size_t j = 0; j < KINDS; j++)
			if ((by_kind[i].must | by_kind[i].may) & 1U << j)
				names[n++] = kinds[j];
		words_list(names, n, list, sizeof(list));
		snprintf(why, sizeof(why), "this key is for kind %s, not for %s; remove it", list,
			 kinds[store->kind]);
		reject(reader, key, why);
	}
}

void conf_store_read(struct conf_reader *reader, struct conf_store *store)
{
	store->batch_lines = 5000;
	store->timeout_ms = 10000;
	store->month_begins = 1;
	conf_read_section(reader, keys, sizeof(keys) / sizeof(*keys), -1, store);
	check_kind(reader, store);
	if (store->kind != STORE_LINE_PROTOCOL && strchr(store->url, '?'))
		reject(reader, "url", "the URL has a query, which this kind of store makes "
		       "itself; remove it");
	if (*store->user && *store->token_file)
		reject(reader, "user", "there is a token-file as well; remove one of them");
	if (*store->user && !*store->password_file)
		conf_mistake(reader->tree, reader->section, NULL,
			     "password-file is missing, which user needs; add \"password-file = "
			     "/etc/hydropon/store.password\"");
	if (!*store->user)
		reject(reader, "password-file", "there is no user whose password it would be; add "
		       "\"user = NAME\"");
	if (!store->monthly_bytes)
		reject(reader, "month-begins", "there is no monthly-data whose month it would be; "
		       "add \"monthly-data = 500 MiB\"");
	if (!*store->certificate_file != !*store->key_file)
		conf_mistake(reader->tree, reader->section, NULL,
			     "certificate-file and key-file belong together; add the other one");
	if (strncmp(store->url, "https:", 6)) {
		reject(reader, "ca-file", "the url is not https; write https:// or remove it");
		reject(reader, "certificate-file",
		       "the url is not https; write https:// or remove it");
	}
}
