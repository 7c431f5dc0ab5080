/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration as it is written: the sections of all its files put together,
 * each key with where it stands, and the mistakes found so far.
 */
#ifndef HYDROPON_CONF_TREE_H
#define HYDROPON_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <linux/hydropon.h>

enum conf_kind { CONF_GATEWAY, CONF_BUS, CONF_SLAVE, CONF_EZO, CONF_CHANNEL, CONF_OUTPUT,
		 CONF_SPOOL, CONF_TIME, CONF_POWER, CONF_STORE };

struct conf_place {
	size_t file;		/* index in conf_tree.files */
	unsigned int line;
};

struct conf_setting {
	char *key, *value;
	struct conf_place place;
};

struct conf_section {
	enum conf_kind kind;
	char name[HYDROPON_NAME_MAX];	/* empty for what there is one of */
	struct conf_place first, last;	/* where it begins; in the newest file that has it */
	struct conf_setting *settings;
	size_t settings_n;
};

struct conf_tree {
	char **files;
	size_t files_n;
	struct conf_section *sections;
	size_t sections_n;
	FILE *errors;
	unsigned int mistakes;
	bool is_partial;	/* a file or a section could not be read: keys may lack for that */
	struct conf_section *current;	/* while reading; NULL after a section line gone wrong */
};

/* Reads @path, then the drop-ins of @path.d in the order of their names. */
void conf_tree_read(struct conf_tree *tree, const char *path);
void conf_tree_free(struct conf_tree *tree);

const struct conf_setting *conf_section_find(const struct conf_section *section, const char *key);
const char *conf_kind_name(enum conf_kind kind);
/* NULL, or what is wrong with @name and what to do. */
const char *conf_name_mistake(const char *name, size_t size);

/*
 * "FILE:LINE: [SECTION] KEY: ..." at @setting, or without a key at the beginning of
 * @section if @setting is NULL. The sentence says what is wrong; what to do.
 */
void conf_mistake(struct conf_tree *tree, const struct conf_section *section,
		  const struct conf_setting *setting, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* "FILE: ...", about the main file as a whole. */
void conf_mistake_overall(struct conf_tree *tree, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
