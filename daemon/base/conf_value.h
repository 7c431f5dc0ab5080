/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the text of a key to a field of struct conf. A section is described by a
 * table of struct conf_key; what is wrong is told at once, with its place.
 */
#ifndef HYDROPON_CONF_VALUE_H
#define HYDROPON_CONF_VALUE_H

#include "base/conf.h"
#include "base/conf_tree.h"
#include "base/units.h"

struct conf_reader {
	struct conf *conf;
	struct conf_tree *tree;
	const struct conf_section *section;
	const struct conf_setting *setting;	/* the one being read */
	/* Told already: no more is to be said about what follows from it. */
	bool is_quantity_wrong[HYDROPON_MAX_CHANNELS];
	/* Nothing must be calibrated: the source gives the quantity itself. */
	bool is_direct;
};

struct conf_key {
	const char *name;
	/* Leaves @field as it was if the value is wrong. */
	void (*read)(struct conf_reader *reader, const struct conf_key *key, void *field);
	size_t offset, size;		/* of the field; see CONF_FIELD */
	const char *example;		/* for who must give the key and has not */
	bool is_required;
	unsigned int quantities;	/* bit 1 << QUANTITY_*; 0: any, or not a channel */
	const struct units *units;	/* numbers only, as min and max */
	double min, max;
};

#define CONF_FIELD(type, member)							\
	.offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* Fields: double, uint32_t, uint64_t, int. */
void conf_read_number(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_u32(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_u64(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_int(struct conf_reader *reader, const struct conf_key *key, void *field);
/* Fields: bool. */
void conf_read_on_off(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_yes_no(struct conf_reader *reader, const struct conf_key *key, void *field);
/* One of two words, of which @yes sets @choice. */
void conf_read_choice(struct conf_reader *reader, const char *yes, const char *no, bool *choice);
/* Fields: char arrays. */
void conf_read_name(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_path(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_url(struct conf_reader *reader, const struct conf_key *key, void *field);
/* Whatever can be printed. */
void conf_read_text(struct conf_reader *reader, const struct conf_key *key, void *field);
/* A path, or the name of a systemd credential. */
void conf_read_secret(struct conf_reader *reader, const struct conf_key *key, void *field);

/* A number of @units from @text, within @min .. @max. False after telling. */
bool conf_parse_number(struct conf_reader *reader, const char *text, const struct units *units,
		       double min, double max, double *number);
/* Index in @words of what the key has, or -1 after telling that there is no such @what. Without
 * any words @what is a kind of section.
 */
int conf_parse_word(struct conf_reader *reader, const char *what, const char *const *words,
		    size_t words_n);
/* The channel that the section being read is of. */
struct conf_channel *conf_section_channel(struct conf_reader *reader);
/* Index of the channel @name, or -1 after telling that there is none. */
int conf_parse_channel(struct conf_reader *reader, const char *name);

/*
 * Reads every key of reader->section into @object by @keys, and tells of unknown,
 * unfitting and missing ones. @quantity: of a channel, else -1.
 */
void conf_read_section(struct conf_reader *reader, const struct conf_key *keys, size_t keys_n,
		       int quantity, void *object);

/* [channel NAME]: the quantity first, in a pass of its own, then everything else. */
void conf_channel_begin(struct conf_reader *reader, struct conf_channel *channel);
void conf_channel_read(struct conf_reader *reader, struct conf_channel *channel);
/* A reading must not be stale before the next one can be there. What it is read from has been read. */
void conf_channel_settle_age(struct conf_reader *reader, struct conf_channel *channel);
/* The same of a channel that is derived, once all outputs are known. */
void conf_derived_read(struct conf_reader *reader, struct conf_channel *channel);
/* Its age is that of what it is derived from. All derived channels have been read. */
uint32_t conf_derived_stale_ms(const struct conf *conf, const struct conf_channel *channel);
/* Keys min and max, and whether they fit each other. */
void conf_read_bound(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_check_bounds(struct conf_reader *reader, const struct conf_channel *channel);

/* The keys of a channel's judgement (conf_judge.c). */
void conf_judge_defaults(enum quantity quantity, struct conf_judge *judge);
/* Leaves what is not about earlier readings. */
void conf_judge_off(struct conf_judge *judge);
/* A double in the channel's unit, or "off": 0. */
void conf_read_limit(struct conf_reader *reader, const struct conf_key *key, void *field);
/* A uint32_t in ms, or "off": 0. */
void conf_read_stuck_for(struct conf_reader *reader, const struct conf_key *key, void *field);
/* An unsigned int, 1 + index: of an output; and arrays of them, of channels and of outputs. */
void conf_read_driver(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_twins(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_read_dosers(struct conf_reader *reader, const struct conf_key *key, void *field);
/* An int64_t in ms of wall time, UTC. */
void conf_read_date(struct conf_reader *reader, const struct conf_key *key, void *field);
/* Keys of [channel NAME] that say where on a bus its number is: their table is that of the others. */
void conf_register_begin(struct conf_register *reg);
void conf_register_read_slave(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_register_read_table(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_register_read_type(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_register_read_multiply(struct conf_reader *reader, const struct conf_key *key,
				 void *field);
/* What follows from them together, and order and bits, which the type decides. */
void conf_register_read(struct conf_reader *reader, struct conf_channel *channel);

/* An int, the index of the bus that a device is on. */
void conf_read_bus_of(struct conf_reader *reader, const struct conf_key *key, void *field);
/* [bus NAME], [slave NAME]; the check after all buses and slaves were read. */
void conf_bus_read(struct conf_reader *reader, struct conf_bus *bus);
void conf_slave_read(struct conf_reader *reader, struct conf_slave *slave);
void conf_slave_check(struct conf_reader *reader, const struct conf_slave *slave);

/* The key source of a channel; what of its other keys does not fit. */
void conf_source_read(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_source_check_manual(struct conf_reader *reader);
/* Tells @why of each key among @others that is there; of each that calibrates. */
void conf_source_reject(struct conf_reader *reader, const char *const *others, size_t n,
			const char *why);
void conf_source_reject_calibration(struct conf_reader *reader, const char *why);

/* [ezo NAME], likewise; the key of a channel that names one, and what that channel must be. */
void conf_ezo_read(struct conf_reader *reader, struct conf_ezo *ezo);
void conf_ezo_check(struct conf_reader *reader, const struct conf_ezo *ezo);
void conf_ezo_read_name(struct conf_reader *reader, const struct conf_key *key, void *field);
void conf_ezo_check_channel(struct conf_reader *reader, const struct conf_channel *channel);

/* [store NAME]. */
void conf_store_read(struct conf_reader *reader, struct conf_store *store);

#endif
