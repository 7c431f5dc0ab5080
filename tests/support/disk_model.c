// SPDX-License-Identifier: GPL-2.0-only
#include "support/disk_model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"

#define PAGE 4096u
#define SECTOR 512u
#define FILES 256
#define NAMES 24
#define VERSIONS 64
#define HANDLES 32

/* A page that several images share; NULL is zeros. */
struct page {
	unsigned int users;
	uint8_t bytes[PAGE];
};

struct content {
	uint64_t size;
	struct page **pages;
	size_t pages_n;
};

/* A write that was not synced, or a change of size (no bytes). */
struct change {
	uint64_t at, size;
	uint8_t *bytes;
};

struct file {
	struct content now, durable;
	struct change *changes;
	size_t changes_n, changes_allocated;
};

struct name {
	char text[DISK_NAME_MAX];
	int file;
};

struct names {
	struct name list[NAMES];
	int n;
};

struct model {
	struct disk disk;
	uint64_t rng;
	struct model_faults faults;
	void (*hook)(void *data);
	void *data;
	uint64_t changes;
	struct file files[FILES];
	int files_n;
	/* durable, then after each change that was not synced */
	struct names names[VERSIONS];
	int names_n;
	int handles[HANDLES];	/* file, or -1 */
};

static bool one_in(uint64_t *rng, unsigned int n)
{
	return n && random_next(rng) % n == 0;
}

static void drop(struct page *page)
{
	if (page && !--page->users)
		free(page);
}

static void resize(struct content *content, uint64_t size)
{
	size_t pages_n = (size_t)((size + PAGE - 1) / PAGE);

	for (size_t i = pages_n; i < content->pages_n; i++)
		drop(content->pages[i]);
	content->pages = realloc(content->pages, (pages_n + !pages_n) * sizeof(*content->pages));
	for (size_t i = content->pages_n; i < pages_n; i++)
		content->pages[i] = NULL;
	content->pages_n = pages_n;
	content->size = size;
}

/* The page, to be written. */
static uint8_t *own(struct content *content, size_t i)
{
	struct page *page = content->pages[i], *mine;

	if (page && page->users == 1)
		return page->bytes;
	mine = page ? malloc(sizeof(*mine)) : calloc(1, sizeof(*mine));
	if (page)
		memcpy(mine->bytes, page->bytes, PAGE);
	mine->users = 1;
	drop(page);
	content->pages[i] = mine;
	return mine->bytes;
}

static void put(struct content *content, uint64_t at, const uint8_t *bytes, uint64_t size)
{
	if (at + size > content->size)
		resize(content, at + size);
	while (size) {
		uint64_t n = PAGE - at % PAGE < size ? PAGE - at % PAGE : size;

		memcpy(own(content, (size_t)(at / PAGE)) + at % PAGE, bytes, (size_t)n);
		at += n;
		bytes += n;
		size -= n;
	}
}

static void copy(struct content *to, const struct content *from)
{
	resize(to, 0);
	resize(to, from->size);
	for (size_t i = 0; i < from->pages_n; i++) {
		to->pages[i] = from->pages[i];
		if (to->pages[i])
			to->pages[i]->users++;
	}
}

static void release(struct content *content)
{
	resize(content, 0);
	free(content->pages);
	*content = (struct content){ 0 };
}

static void forget_changes(struct file *file)
{
	for (size_t i = 0; i < file->changes_n; i++)
		free(file->changes[i].bytes);
	file->changes_n = 0;
}

static void note_change(struct file *file, uint64_t at, const void *bytes, uint64_t size)
{
	struct change change = { at, size, NULL };

	if (file->changes_n == file->changes_allocated) {
		file->changes_allocated = 2 * file->changes_allocated + 8;
		file->changes = realloc(file->changes,
					file->changes_allocated * sizeof(*file->changes));
	}
	if (bytes) {
		change.bytes = malloc((size_t)size);
		memcpy(change.bytes, bytes, (size_t)size);
	}
	file->changes[file->changes_n++] = change;
}

static struct model *to_model(struct disk *disk)
{
	return (struct model *)disk;
}

static struct names *names_now(struct model *model)
{
	return &model->names[model->names_n];
}

static struct name *find(struct names *names, const char *text)
{
	for (int i = 0; i < names->n; i++)
		if (!strcmp(names->list[i].text, text))
			return &names->list[i];
	return NULL;
}

/* The names as they will be: what is changed in it can be lost. */
static struct names *change_names(struct model *model)
{
	if (model->names_n == VERSIONS - 1) {
		/* more than any test does between two syncs */
		abort();
	}
	model->names[model->names_n + 1] = model->names[model->names_n];
	model->names_n++;
	return names_now(model);
}

static void about_to_change(struct model *model)
{
	model->changes++;
	if (model->hook)
		model->hook(model->data);
}

static bool is_used(const struct model *model, int file)
{
	for (int i = 0; i <= model->names_n; i++)
		for (int j = 0; j < model->names[i].n; j++)
			if (model->names[i].list[j].file == file)
				return true;
	for (int i = 0; i < HANDLES; i++)
		if (model->handles[i] == file)
			return true;
	return false;
}

static void clear(struct file *file)
{
	forget_changes(file);
	free(file->changes);
	release(&file->now);
	release(&file->durable);
	*file = (struct file){ 0 };
}

/* One that no name and nobody knows any more, or another one. */
static int new_file(struct model *model)
{
	for (int i = 0; i < model->files_n; i++)
		if (!is_used(model, i)) {
			clear(&model->files[i]);
			return i;
		}
	if (model->files_n == FILES)
		abort();
	return model->files_n++;
}

static int model_open(struct disk *disk, const char *text, bool create)
{
	struct model *model = to_model(disk);
	struct name *name = find(names_now(model), text);
	struct names *names;
	int handle = 0;

	if (!name && !create)
		return -ENOENT;
	if (!name) {
		about_to_change(model);
		names = change_names(model);
		if (names->n == NAMES)
			abort();
		name = &names->list[names->n++];
		snprintf(name->text, sizeof(name->text), "%s", text);
		name->file = -1;
		name->file = new_file(model);
	}
	while (model->handles[handle] >= 0)
		if (++handle == HANDLES)
			abort();
	model->handles[handle] = name->file;
	return handle;
}

static void model_close(struct disk *disk, int handle)
{
	to_model(disk)->handles[handle] = -1;
}

static struct file *file_of(struct disk *disk, int handle)
{
	struct model *model = to_model(disk);

	return &model->files[model->handles[handle]];
}

static int model_read(struct disk *disk, int handle, void *to, size_t size, uint64_t at)
{
	const struct content *content = &file_of(disk, handle)->now;
	struct model *model = to_model(disk);
	uint8_t *bytes = to;

	if (one_in(&model->rng, model->faults.read_fails))
		return -EIO;
	if (at + size > content->size)
		return -ENODATA;
	while (size) {
		const struct page *page = content->pages[at / PAGE];
		size_t n = PAGE - at % PAGE < size ? (size_t)(PAGE - at % PAGE) : size;

		if (page)
			memcpy(bytes, page->bytes + at % PAGE, n);
		else
			memset(bytes, 0, n);
		bytes += n;
		at += n;
		size -= n;
	}
	return 0;
}

static int model_write(struct disk *disk, int handle, const void *from, size_t size, uint64_t at)
{
	struct model *model = to_model(disk);
	struct file *file = file_of(disk, handle);

	about_to_change(model);
	if (one_in(&model->rng, model->faults.write_fails))
		return -EIO;
	put(&file->now, at, from, size);
	note_change(file, at, from, size);
	return 0;
}

/* What of the changes is on the disk after a cut, or a sync that failed. */
static void apply(struct content *to, const struct file *file, enum model_cut cut, uint64_t *rng)
{
	for (size_t i = 0; i < file->changes_n; i++) {
		const struct change *change = &file->changes[i];
		bool is_last = i + 1 == file->changes_n;
		uint64_t end = change->size, n;
		bool keeps = false, garbles = false;

		if (cut == MODEL_NONE)
			return;
		if (!change->bytes) {
			if (cut == MODEL_ALL || is_last || one_in(rng, 2))
				resize(to, change->size);
			continue;
		}
		if (cut == MODEL_LAST_TORN && is_last)
			end = random_next(rng) % (change->size / SECTOR + 1) * SECTOR;
		for (uint64_t at = 0; at < end; at += n) {
			uint8_t garbage[SECTOR];

			n = SECTOR - (change->at + at) % SECTOR;
			n = n < end - at ? n : end - at;
			if (!at || (change->at + at) % PAGE == 0 || cut == MODEL_SECTORS)
				keeps = one_in(rng, 2);
			if (!at || (change->at + at) % PAGE == 0)
				garbles = cut == MODEL_GARBAGE && one_in(rng, 4);
			if (cut == MODEL_ALL || cut == MODEL_LAST_TORN)
				keeps = true;
			if (garbles) {
				for (size_t k = 0; k < n; k++)
					garbage[k] = (uint8_t)random_next(rng);
				put(to, change->at + at, garbage, n);
			} else if (keeps) {
				put(to, change->at + at, change->bytes + at, n);
			}
		}
	}
}

static bool has_data(const struct file *file)
{
	for (size_t i = 0; i < file->changes_n; i++)
		if (file->changes[i].bytes && file->changes[i].at >= PAGE)
			return true;
	return false;
}

static int model_sync(struct disk *disk, int handle)
{
	struct model *model = to_model(disk);
	struct file *file = file_of(disk, handle);

	about_to_change(model);
	if (model->faults.no_sync)
		return 0;
	if ((file->changes_n && one_in(&model->rng, model->faults.sync_fails)) ||
	    (model->faults.data_fails && has_data(file))) {
		/* Pages are clean after that, whether the disk has them or not. */
		apply(&file->durable, file, model->faults.keeps_all ? MODEL_ALL : MODEL_SECTORS,
		      &model->rng);
		forget_changes(file);
		return -EIO;
	}
	apply(&file->durable, file, MODEL_ALL, &model->rng);
	forget_changes(file);
	return 0;
}

static void model_forget(struct disk *disk, int handle)
{
	struct file *file = file_of(disk, handle);

	if (file->changes_n)
		return;
	copy(&file->now, &file->durable);
}

static int model_allocate(struct disk *disk, int handle, uint64_t size)
{
	struct file *file = file_of(disk, handle);

	if (file->now.size == size)
		return 0;
	about_to_change(to_model(disk));
	resize(&file->now, size);
	note_change(file, 0, NULL, size);
	return 0;
}

static int64_t model_size(struct disk *disk, int handle)
{
	return (int64_t)file_of(disk, handle)->now.size;
}

static void remove_name(struct names *names, const char *text)
{
	struct name *name = find(names, text);

	if (name)
		*name = names->list[--names->n];
}

static int model_rename(struct disk *disk, const char *from, const char *to)
{
	struct model *model = to_model(disk);
	struct names *names;

	if (!find(names_now(model), from))
		return -ENOENT;
	about_to_change(model);
	names = change_names(model);
	remove_name(names, to);
	snprintf(find(names, from)->text, DISK_NAME_MAX, "%s", to);
	return 0;
}

static int model_remove(struct disk *disk, const char *text)
{
	struct model *model = to_model(disk);

	if (!find(names_now(model), text))
		return -ENOENT;
	about_to_change(model);
	remove_name(change_names(model), text);
	return 0;
}

static int model_sync_names(struct disk *disk)
{
	struct model *model = to_model(disk);

	about_to_change(model);
	if (model->faults.no_names)
		return 0;
	if (one_in(&model->rng, model->faults.names_fail))
		return -EIO;
	model->names[0] = *names_now(model);
	model->names_n = 0;
	return 0;
}

static bool model_is_named(struct disk *disk, int handle, const char *text)
{
	struct model *model = to_model(disk);
	const struct name *name = find(names_now(model), text);

	return name && name->file == model->handles[handle];
}

static int model_list(struct disk *disk, int (*name)(void *data, const char *name), void *data)
{
	/* a copy, as names may change meanwhile */
	const struct names names = *names_now(to_model(disk));
	int result = 0;

	for (int i = 0; !result && i < names.n; i++)
		result = name(data, names.list[i].text);
	return result;
}

static const struct disk_ops model_ops = {
	.open = model_open,
	.close = model_close,
	.read = model_read,
	.write = model_write,
	.sync = model_sync,
	.forget = model_forget,
	.allocate = model_allocate,
	.size = model_size,
	.rename = model_rename,
	.remove = model_remove,
	.sync_names = model_sync_names,
	.is_named = model_is_named,
	.list = model_list,
};

struct model *model_new(uint64_t seed)
{
	struct model *model = calloc(1, sizeof(*model));

	if (!model)
		abort();
	model->disk.ops = &model_ops;
	model->rng = seed;
	for (int i = 0; i < HANDLES; i++)
		model->handles[i] = -1;
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (int i = 0; i < model->files_n; i++)
		clear(&model->files[i]);
	free(model);
}

struct disk *model_disk(struct model *model)
{
	return &model->disk;
}

struct model_faults *model_faults(struct model *model)
{
	return &model->faults;
}

void model_on_change(struct model *model, void (*hook)(void *data), void *data)
{
	model->hook = hook;
	model->data = data;
}

struct model *model_cut(const struct model *model, enum model_cut cut, uint64_t seed)
{
	struct model *left = model_new(seed);
	int names = cut == MODEL_NONE ? 0 : model->names_n;

	/* Names change in order, each whole. */
	if (cut != MODEL_NONE && cut != MODEL_ALL && model->names_n)
		names = (int)(random_next(&left->rng) % (uint64_t)(model->names_n + 1));
	left->names[0] = model->names[names];
	left->files_n = model->files_n;
	for (int i = 0; i < model->files_n; i++) {
		struct file *file = &left->files[i];

		copy(&file->durable, &model->files[i].durable);
		apply(&file->durable, &model->files[i], cut, &left->rng);
		copy(&file->now, &file->durable);
	}
	return left;
}

uint64_t model_changes(const struct model *model)
{
	return model->changes;
}

uint64_t model_bytes(const struct model *model)
{
	const struct names *names = &model->names[model->names_n];
	uint64_t sum = 0;

	for (int i = 0; i < names->n; i++)
		sum += model->files[names->list[i].file].now.size;
	return sum;
}

bool model_flip(struct model *model, const char *text, uint64_t bit)
{
	struct name *name = find(names_now(model), text);
	struct file *file;

	if (!name)
		return false;
	file = &model->files[name->file];
	if (bit / 8 >= file->durable.size || bit / 8 >= file->now.size)
		return false;
	own(&file->durable, (size_t)(bit / 8 / PAGE))[bit / 8 % PAGE] ^= (uint8_t)(1u << bit % 8);
	own(&file->now, (size_t)(bit / 8 / PAGE))[bit / 8 % PAGE] ^= (uint8_t)(1u << bit % 8);
	return true;
}

bool model_truncate(struct model *model, const char *text, uint64_t size)
{
	struct name *name = find(names_now(model), text);
	struct file *file;

	if (!name)
		return false;
	file = &model->files[name->file];
	if (size >= file->now.size || size >= file->durable.size)
		return false;
	resize(&file->durable, size);
	resize(&file->now, size);
	return true;
}

const char *model_name(struct model *model, int i)
{
	return i < names_now(model)->n ? names_now(model)->list[i].text : NULL;
}

uint64_t model_file_bytes(struct model *model, const char *text)
{
	struct name *name = find(names_now(model), text);

	return name ? model->files[name->file].now.size : 0;
}
