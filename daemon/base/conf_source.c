// SPDX-License-Identifier: GPL-2.0-only
/* Which source a channel has, and which keys another one's are. */
#include "base/conf_value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const sources[] = {
	[SOURCE_KERNEL] = "kernel", [SOURCE_MODBUS] = "modbus", [SOURCE_EZO] = "ezo",
	[SOURCE_MANUAL] = "manual",
};

const char *conf_source_name(enum conf_source source)
{
	return sources[source];
}

/* The others follow from the key that says where the channel is on a bus. */
void conf_source_read(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	static const char *const words[] = { "manual" };

	if (!conf_parse_word(reader, "source", words, COUNT(words)))
		*(enum conf_source *)field = SOURCE_MANUAL;
}

void conf_source_reject(struct conf_reader *reader, const char *const *others, size_t n,
			const char *why)
{
	for (size_t i = 0; i < n; i++) {
		const struct conf_setting *setting = conf_section_find(reader->section, others[i]);

		if (setting)
			conf_mistake(reader->tree, reader->section, setting, "%s", why);
	}
}

void conf_source_reject_calibration(struct conf_reader *reader, const char *why)
{
	static const char *const keys[] = { "buffer-1", "buffer-2", "buffer-temperature",
					    "cell-constant", "us-per-mv", "zero", "scale",
					    "pulses-per-litre" };

	conf_source_reject(reader, keys, COUNT(keys), why);
}

void conf_source_check_manual(struct conf_reader *reader)
{
	static const char *const places[] = { "ezo", "slave", "table", "register", "type", "order",
					      "bits", "multiply", "add", "interval" };
	static const char *const compensation[] = { "temperature", "compensate", "alpha" };
	static const char *const age[] = { "stale-for" };

	conf_source_reject(reader, places, COUNT(places), "what is entered by hand is read from "
			   "nowhere; remove it, or \"source = manual\"");
	conf_source_reject(reader, compensation, COUNT(compensation), "what is entered by hand is "
			   "taken as it is, at 25 C; remove it");
	conf_source_reject(reader, age, COUNT(age), "how long a number holds is said when it is "
			   "entered, with --for; remove it");
	conf_source_reject_calibration(reader, "what is entered by hand is no mV; remove it");
}
