// SPDX-License-Identifier: GPL-2.0-only
#include "base/conf_tree.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_file.h"
#include "base/words.h"

#define BLANKS " \t"
#define NAME_LETTERS "abcdefghijklmnopqrstuvwxyz0123456789-"

static const struct {
	const char *name;
	bool is_named;
} kinds[] = {
	[CONF_GATEWAY] = { "gateway", false },
	[CONF_BUS] = { "bus", true },
	[CONF_SLAVE] = { "slave", true },
	[CONF_EZO] = { "ezo", true },
	[CONF_CHANNEL] = { "channel", true },
	[CONF_OUTPUT] = { "output", true },
	[CONF_SPOOL] = { "spool", false },
	[CONF_TIME] = { "time", false },
	[CONF_POWER] = { "power", false },
	[CONF_STORE] = { "store", true },
};

#define KINDS_N (sizeof(kinds) / sizeof(kinds[0]))

const char *conf_kind_name(enum conf_kind kind)
{
	return kinds[kind].name;
}

static void __attribute__((format(printf, 4, 0)))
print_mistake(struct conf_tree *tree, const struct conf_place *place, const char *subject,
	      const char *format, va_list arguments)
{
	tree->mistakes++;
	fprintf(tree->errors, "%s:", tree->files[place->file]);
	if (place->line)
		fprintf(tree->errors, "%u:", place->line);
	fprintf(tree->errors, " %s", subject);
	vfprintf(tree->errors, format, arguments);
	fputc('\n', tree->errors);
}

static void __attribute__((format(printf, 3, 4)))
mistake_at(struct conf_tree *tree, unsigned int line, const char *format, ...)
{
	const struct conf_place place = { .file = tree->files_n - 1, .line = line };
	va_list arguments;

	va_start(arguments, format);
	print_mistake(tree, &place, "", format, arguments);
	va_end(arguments);
}

void conf_mistake(struct conf_tree *tree, const struct conf_section *section,
		  const struct conf_setting *setting, const char *format, ...)
{
	char subject[256];
	va_list arguments;

	snprintf(subject, sizeof(subject), "[%s%s%s]%s%s: ", conf_kind_name(section->kind),
		 section->name[0] ? " " : "", section->name, setting ? " " : "",
		 setting ? setting->key : "");
	va_start(arguments, format);
	print_mistake(tree, setting ? &setting->place : &section->first, subject, format,
		      arguments);
	va_end(arguments);
}

void conf_mistake_overall(struct conf_tree *tree, const char *format, ...)
{
	const struct conf_place place = { .file = 0, .line = 0 };
	va_list arguments;

	va_start(arguments, format);
	print_mistake(tree, &place, "", format, arguments);
	va_end(arguments);
}

const char *conf_name_mistake(const char *name, size_t size)
{
	if (!*name)
		return "has no name; give it one of a-z, 0-9 and -";
	if (name[strspn(name, NAME_LETTERS)] || *name == '-')
		return "is not a name; use a-z, 0-9 and -, and begin with a letter or digit";
	if (strlen(name) >= size)
		return size == HYDROPON_NAME_MAX ? "is too long a name; use at most 31 characters" :
						   "is too long a name; use at most 63 characters";
	return NULL;
}

static struct conf_setting *find_setting(struct conf_section *section, const char *key)
{
	for (size_t i = 0; i < section->settings_n; i++)
		if (!strcmp(section->settings[i].key, key))
			return &section->settings[i];
	return NULL;
}

const struct conf_setting *conf_section_find(const struct conf_section *section, const char *key)
{
	return find_setting((struct conf_section *)section, key);
}

static void tell_no_memory(struct conf_tree *tree)
{
	tree->mistakes++;
	fputs("out of memory; free some and try again\n", tree->errors);
}

/* @array with room for one more element, zeroed; NULL and a mistake without memory. */
static void *grow(struct conf_tree *tree, void *array, size_t count, size_t size)
{
	char *grown = reallocarray(array, count + 1, size);

	if (grown)
		memset(grown + count * size, 0, size);
	else
		tell_no_memory(tree);
	return grown;
}

static bool find_kind(const char *word, enum conf_kind *kind)
{
	for (size_t i = 0; i < KINDS_N; i++) {
		if (!strcmp(word, kinds[i].name)) {
			*kind = (enum conf_kind)i;
			return true;
		}
	}
	return false;
}

static void reject_kind(struct conf_tree *tree, unsigned int line, const char *word)
{
	const char *names[KINDS_N], *meant;

	for (size_t i = 0; i < KINDS_N; i++)
		names[i] = kinds[i].name;
	meant = words_nearest(word, names, KINDS_N);
	if (meant)
		mistake_at(tree, line, "[%s]: there is no such section; did you mean \"%s\"?",
			   word, meant);
	else
		mistake_at(tree, line, "[%s]: there is no such section; there are gateway, "
			   "bus NAME, slave NAME, ezo NAME, channel NAME, output NAME, spool and "
			   "store NAME", word);
}

struct title {
	char text[CONF_SECTION_MAX + 1];
	enum conf_kind kind;
	const char *name;	/* in text; empty if there is none */
};

/* Takes "channel ph-a" apart; false after telling what is wrong. */
static bool parse_title(struct conf_tree *tree, unsigned int line, const char *text,
			struct title *title)
{
	char *word = title->text, *rest;
	const char *wrong;

	snprintf(word, sizeof(title->text), "%s", text + strspn(text, BLANKS));
	for (size_t end = strlen(word); end && strchr(BLANKS, word[end - 1]); end--)
		word[end - 1] = 0;
	rest = word + strcspn(word, BLANKS);
	if (*rest)
		*rest++ = 0;
	rest += strspn(rest, BLANKS);
	title->name = rest;

	if (!find_kind(word, &title->kind)) {
		reject_kind(tree, line, word);
		return false;
	}
	if (!kinds[title->kind].is_named) {
		if (*rest)
			mistake_at(tree, line, "[%s %s]: this section takes no name; write [%s]",
				   word, rest, word);
		return !*rest;
	}
	wrong = conf_name_mistake(rest, HYDROPON_NAME_MAX);
	if (wrong && *rest)
		mistake_at(tree, line, "[%s %s]: \"%s\" %s", word, rest, rest, wrong);
	else if (wrong)
		mistake_at(tree, line, "[%s]: %s", word, wrong);
	return !wrong;
}

static struct conf_section *find_section(struct conf_tree *tree, enum conf_kind kind,
					 const char *name)
{
	for (size_t i = 0; i < tree->sections_n; i++)
		if (tree->sections[i].kind == kind && !strcmp(tree->sections[i].name, name))
			return &tree->sections[i];
	return NULL;
}

static struct conf_section *add_section(struct conf_tree *tree, const struct title *title,
					const struct conf_place *place)
{
	struct conf_section *sections, *section;

	sections = grow(tree, tree->sections, tree->sections_n, sizeof(*sections));
	if (!sections)
		return NULL;
	tree->sections = sections;
	section = &sections[tree->sections_n++];
	section->kind = title->kind;
	snprintf(section->name, sizeof(section->name), "%s", title->name);
	section->first = *place;
	return section;
}

static void begin_section(void *data, unsigned int line, const char *text)
{
	struct conf_tree *tree = data;
	const struct conf_place here = { .file = tree->files_n - 1, .line = line };
	struct conf_section *section;
	struct title title;

	tree->current = NULL;
	if (!parse_title(tree, line, text, &title)) {
		tree->is_partial = true;
		return;
	}
	section = find_section(tree, title.kind, title.name);
	if (!section)
		section = add_section(tree, &title, &here);
	else if (section->last.file == here.file)
		mistake_at(tree, line, "[%s]: this section is in this file twice, first in line "
			   "%u; make it one", text, section->last.line);
	if (section)
		section->last = here;
	tree->current = section;
}

/* Takes over @key and @value. */
static void add_setting(struct conf_tree *tree, char *key, char *value,
			const struct conf_place *place)
{
	struct conf_section *section = tree->current;
	struct conf_setting *settings = NULL;

	if (key && value)
		settings = grow(tree, section->settings, section->settings_n, sizeof(*settings));
	else
		tell_no_memory(tree);
	if (!settings) {
		free(key);
		free(value);
		return;
	}
	section->settings = settings;
	settings[section->settings_n++] = (struct conf_setting){ key, value, *place };
}

static void replace_setting(struct conf_tree *tree, struct conf_setting *setting, char *value,
			    const struct conf_place *place)
{
	if (!value) {
		tell_no_memory(tree);
		return;
	}
	free(setting->value);
	setting->value = value;
	setting->place = *place;
}

static void take_key(void *data, unsigned int line, const char *key, const char *value)
{
	struct conf_tree *tree = data;
	const struct conf_place here = { .file = tree->files_n - 1, .line = line };
	const struct conf_setting given = { .key = (char *)key, .place = here };
	struct conf_setting *setting;

	if (!tree->current)
		return;
	setting = find_setting(tree->current, key);
	if (!*key)
		mistake_at(tree, line, "there is no key before the \"=\"; write KEY = VALUE");
	else if (!*value)
		conf_mistake(tree, tree->current, &given,
			     "there is no value; give one or remove the line");
	else if (!setting)
		add_setting(tree, strdup(key), strdup(value), &here);
	else if (setting->place.file != here.file)
		replace_setting(tree, setting, strdup(value), &here);
	else
		conf_mistake(tree, tree->current, &given,
			     "given twice in this file, first in line %u; remove one",
			     setting->place.line);
}

static void take_mistake(void *data, unsigned int line, const char *sentence)
{
	struct conf_tree *tree = data;

	tree->is_partial = true;
	mistake_at(tree, line, "%s", sentence);
}

static void read_file(struct conf_tree *tree, const char *path)
{
	static const struct conf_file_sink sink = {
		.section = begin_section,
		.key = take_key,
		.mistake = take_mistake,
	};
	char **files = grow(tree, tree->files, tree->files_n, sizeof(*files));

	if (!files)
		return;
	tree->files = files;
	files[tree->files_n] = strdup(path);
	if (!files[tree->files_n]) {
		tell_no_memory(tree);
		return;
	}
	tree->files_n++;
	tree->current = NULL;
	conf_file_read(path, &sink, tree);
}

/* Leaves out what editors and package managers leave beside the file. */
static int is_drop_in(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       !strcmp(entry->d_name + length - 5, ".conf");
}

/* By bytes: alphasort() would follow the locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

void conf_tree_read(struct conf_tree *tree, const char *path)
{
	struct dirent **entries;
	char *directory, *drop_in;
	int count;

	read_file(tree, path);
	if (!tree->files_n)
		return;
	if (asprintf(&directory, "%s.d", path) < 0) {
		tell_no_memory(tree);
		return;
	}
	count = scandir(directory, &entries, is_drop_in, by_name);
	if (count < 0 && errno != ENOENT)
		conf_mistake_overall(tree, "the drop-ins in %s cannot be read: %s; see that it is "
				     "a directory and that this user may read it", directory,
				     strerror(errno));
	for (int i = 0; i < count; i++) {
		if (asprintf(&drop_in, "%s/%s", directory, entries[i]->d_name) < 0) {
			tell_no_memory(tree);
		} else {
			read_file(tree, drop_in);
			free(drop_in);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	free(directory);
}

void conf_tree_free(struct conf_tree *tree)
{
	for (size_t i = 0; i < tree->sections_n; i++) {
		struct conf_section *section = &tree->sections[i];

		for (size_t j = 0; j < section->settings_n; j++) {
			free(section->settings[j].key);
			free(section->settings[j].value);
		}
		free(section->settings);
	}
	free(tree->sections);
	for (size_t i = 0; i < tree->files_n; i++)
		free(tree->files[i]);
	free(tree->files);
}
