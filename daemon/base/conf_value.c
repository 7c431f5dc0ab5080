// SPDX-License-Identifier: GPL-2.0-only
#include "base/conf_value.h"

#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/quantity.h"
#include "base/words.h"

#define KEYS_MAX 64

static void __attribute__((format(printf, 2, 3)))
mistake(struct conf_reader *reader, const char *format, ...)
{
	char sentence[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	conf_mistake(reader->tree, reader->section, reader->setting, "%s", sentence);
}

bool conf_parse_number(struct conf_reader *reader, const char *text, const struct units *units,
		       double min, double max, double *number)
{
	char why[256], lowest[32], highest[32];
	double parsed;

	if (!units_parse(units, text, &parsed, why, sizeof(why))) {
		mistake(reader, "%s", why);
		return false;
	}
	if (parsed < min || parsed > max) {
		units_format(units, min, lowest, sizeof(lowest));
		units_format(units, max, highest, sizeof(highest));
		mistake(reader, "\"%s\" is out of range; write %s to %s", text, lowest, highest);
		return false;
	}
	*number = parsed;
	return true;
}

void conf_read_number(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	conf_parse_number(reader, reader->setting->value, key->units, key->min, key->max, field);
}

static bool read_whole(struct conf_reader *reader, const struct conf_key *key, double *number)
{
	if (!conf_parse_number(reader, reader->setting->value, key->units, key->min, key->max,
			       number))
		return false;
	/* 1.001 s is 1000.9999999999999 ms to the machine. */
	if (fabs(*number - round(*number)) < 1e-6) {
		*number = round(*number);
		return true;
	}
	mistake(reader, "\"%s\" is not a whole number%s%s; round it", reader->setting->value,
		key->units->list->name ? " of " : "",
		key->units->list->name ? key->units->list->name : "");
	return false;
}

void conf_read_u32(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	double number;

	if (read_whole(reader, key, &number))
		*(uint32_t *)field = (uint32_t)number;
}

void conf_read_u64(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	double number;

	if (read_whole(reader, key, &number))
		*(uint64_t *)field = (uint64_t)number;
}

void conf_read_int(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	double number;

	if (read_whole(reader, key, &number))
		*(int *)field = (int)number;
}

void conf_read_choice(struct conf_reader *reader, const char *yes, const char *no, bool *choice)
{
	const char *value = reader->setting->value;

	if (strcmp(value, yes) && strcmp(value, no))
		mistake(reader, "\"%s\" is neither %s nor %s; write one of them", value, yes, no);
	else
		*choice = !strcmp(value, yes);
}

void conf_read_on_off(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	conf_read_choice(reader, "on", "off", field);
}

void conf_read_yes_no(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	conf_read_choice(reader, "yes", "no", field);
}

void conf_read_name(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value, *wrong = conf_name_mistake(value, key->size);

	if (wrong)
		mistake(reader, "\"%s\" %s", value, wrong);
	else
		snprintf(field, key->size, "%s", value);
}

void conf_read_path(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value;

	if (*value != '/')
		mistake(reader, "\"%s\" is not an absolute path; begin it with /", value);
	else if (strlen(value) > (size_t)key->max)
		mistake(reader, "the path is too long; use at most %d characters", (int)key->max);
	else
		snprintf(field, key->size, "%s", value);
}

/* NULL, or what is wrong. The URL itself is not shown: it may hold a password. */
static const char *url_mistake(const char *url, size_t size)
{
	const char *host, *query, *user;

	if (!strncmp(url, "http://", 7))
		host = url + 7;
	else if (!strncmp(url, "https://", 8))
		host = url + 8;
	else
		return "the URL must begin with http:// or https://; write the whole write URL of "
		       "the store";
	if (strlen(url) >= size)
		return "the URL is too long; use at most 511 characters";
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			return "the URL holds a character that URLs do not have; write it as %XX";
	user = memchr(host, '@', strcspn(host, "/?#"));
	if (user)
		host = user + 1;
	if (!*host || strchr("/:?#", *host))
		return "the URL names no host; write http://HOST:PORT/PATH";
	if (strchr(host, '#'))
		return "the URL has a #fragment, which no server gets to see; remove it";
	query = strchr(host, '?');
	if (query && (strstr(query, "?precision=") || strstr(query, "&precision=")))
		return "the URL names a precision, and precision=ms is added to it; remove it";
	return NULL;
}

void conf_read_url(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value, *wrong = url_mistake(value, key->size);

	if (wrong)
		mistake(reader, "%s", wrong);
	else
		snprintf(field, key->size, "%s", value);
}

int conf_parse_channel(struct conf_reader *reader, const char *name)
{
	const char *names[HYDROPON_MAX_CHANNELS], *meant;
	size_t count = reader->conf->channels_n;
	int index = conf_find_channel(reader->conf, name);
	char list[256];

	if (index >= 0)
		return index;
	for (size_t i = 0; i < count; i++)
		names[i] = reader->conf->channels[i].name;
	meant = words_nearest(name, names, count);
	words_list(names, count, list, sizeof(list));
	if (meant)
		mistake(reader, "there is no channel \"%s\"; did you mean \"%s\"?", name, meant);
	else if (count)
		mistake(reader, "there is no channel \"%s\"; the channels are %s", name, list);
	else
		mistake(reader, "there is no channel \"%s\"; add a section [channel %s]", name,
			name);
	return -1;
}

int conf_parse_word(struct conf_reader *reader, const char *what, const char *const *words,
		    size_t words_n)
{
	const char *value = reader->setting->value, *meant;
	char list[256];

	for (size_t i = 0; i < words_n; i++)
		if (!strcmp(value, words[i]))
			return (int)i;
	meant = words_nearest(value, words, words_n);
	words_list(words, words_n, list, sizeof(list));
	if (meant)
		mistake(reader, "there is no %s \"%s\"; did you mean \"%s\"?", what, value, meant);
	else if (words_n)
		mistake(reader, "there is no %s \"%s\"; write one of %s", what, value, list);
	else
		mistake(reader, "there is no %s \"%s\"; add a section [%s %s]", what, value, what,
			value);
	return -1;
}

static bool fits(const struct conf_key *key, int quantity)
{
	return quantity < 0 || !key->quantities || (key->quantities & 1U << quantity);
}

/* The key of that name that fits, or else one that does not. */
static const struct conf_key *find_key(const struct conf_key *keys, size_t keys_n,
				       const char *name, int quantity)
{
	const struct conf_key *found = NULL;

	for (size_t i = 0; i < keys_n; i++)
		if (!strcmp(keys[i].name, name) && (!found || fits(&keys[i], quantity)))
			found = &keys[i];
	return found;
}

static void reject_unknown(struct conf_reader *reader, const struct conf_key *keys, size_t keys_n,
			   int quantity)
{
	const char *names[KEYS_MAX], *meant;
	size_t names_n = 0;
	char list[512];

	for (size_t i = 0; i < keys_n && names_n < KEYS_MAX; i++)
		if (fits(&keys[i], quantity))
			names[names_n++] = keys[i].name;
	meant = words_nearest(reader->setting->key, names, names_n);
	words_list(names, names_n, list, sizeof(list));
	if (meant)
		mistake(reader, "there is no such key; did you mean \"%s\"?", meant);
	else
		mistake(reader, "there is no such key; this section has %s", list);
}

static void reject_unfitting(struct conf_reader *reader, const struct conf_key *keys,
			     size_t keys_n, int quantity)
{
	const char *names[16];
	unsigned int quantities = 0;
	size_t names_n = 0;
	char list[128];

	for (size_t i = 0; i < keys_n; i++)
		if (!strcmp(keys[i].name, reader->setting->key))
			quantities |= keys[i].quantities;
	for (size_t i = 0; i < quantities_n; i++)
		if (quantities & 1U << i)
			names[names_n++] = quantity_names[i];
	words_list(names, names_n, list, sizeof(list));
	mistake(reader, "this key is for quantity %s, not for %s; remove it", list,
		quantity_name((enum quantity)quantity));
}

void conf_read_section(struct conf_reader *reader, const struct conf_key *keys, size_t keys_n,
		       int quantity, void *object)
{
	for (size_t i = 0; i < reader->section->settings_n; i++) {
		const struct conf_key *key;

		reader->setting = &reader->section->settings[i];
		key = find_key(keys, keys_n, reader->setting->key, quantity);
		if (!key)
			reject_unknown(reader, keys, keys_n, quantity);
		else if (!fits(key, quantity))
			reject_unfitting(reader, keys, keys_n, quantity);
		else if (key->read)
			key->read(reader, key, (char *)object + key->offset);
	}
	reader->setting = NULL;
	for (size_t i = 0; i < keys_n; i++)
		if (keys[i].is_required && !reader->is_direct && fits(&keys[i], quantity) &&
		    !conf_section_find(reader->section, keys[i].name))
			mistake(reader, "%s is missing; add \"%s = %s\"", keys[i].name,
				keys[i].name, keys[i].example);
}

void conf_read_text(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value;
	size_t n = strlen(value);

	if (n >= key->size) {
		mistake(reader, "it is too long; use at most %zu characters", key->size - 1);
		return;
	}
	for (const char *c = value; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			mistake(reader, "it holds a character that cannot be printed; remove it");
			return;
		}
	snprintf(field, key->size, "%s", value);
}

void conf_read_secret(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value;

	if (*value == '/')
		conf_read_path(reader, key, field);
	else if (strchr(value, '/') || *value == '.' || strlen(value) > NAME_MAX)
		mistake(reader, "\"%s\" is neither an absolute path nor the name of a systemd "
			"credential; begin a path with /", value);
	else
		snprintf(field, key->size, "%s", value);
}
