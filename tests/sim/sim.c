// SPDX-License-Identifier: GPL-2.0-only
#include "sim.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *sim_root = SIM_ROOT;

void sim_use_root(const char *root)
{
	sim_root = root;
}

static int sim_open(const char *path, int flags)
{
	char whole[PATH_MAX];
	int fd;

	if (snprintf(whole, sizeof(whole), "%s/%s", sim_root, path) >= (int)sizeof(whole))
		return -ENAMETOOLONG;
	fd = open(whole, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sim_write(const char *path, long long value)
{
	char text[32];
	int length = snprintf(text, sizeof(text), "%lld\n", value);
	int fd = sim_open(path, O_WRONLY);
	int ret = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, (size_t)length) < 0)
		ret = -errno;
	close(fd);
	return ret;
}

int sim_read(const char *path, long long *value)
{
	char text[32], *end;
	int fd = sim_open(path, O_RDONLY);
	ssize_t length;

	if (fd < 0)
		return fd;
	length = read(fd, text, sizeof(text) - 1);
	if (length < 0)
		length = -errno;
	close(fd);
	if (length < 0)
		return (int)length;
	text[length] = '\0';
	errno = 0;
	*value = strtoll(text, &end, 10);
	if (errno || end == text || (*end && *end != '\n'))
		return -EBADMSG;
	return 0;
}

int sim_output_level(const char *chip, unsigned int line)
{
	char path[64];
	long long level;
	int ret;

	snprintf(path, sizeof(path), "%s/line%u", chip, line);
	ret = sim_read(path, &level);
	return ret ? ret : level != 0;
}

int sim_input_set(const char *chip, unsigned int line, bool level)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/line%u", chip, line);
	return sim_write(path, level);
}

int sim_pulses_set(const char *chip, unsigned int line, unsigned int hz_milli)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/hz_milli%u", chip, line);
	return sim_write(path, hz_milli);
}

int sim_transition_parse(const char *text, struct sim_transition *transition)
{
	char what[8], extra[8], more;
	uint64_t ns;
	unsigned int line;
	int fields;

	fields = sscanf(text, "%" SCNu64 " %u %7s %7s %c", &ns, &line, what, extra, &more);
	*transition = (struct sim_transition){ .ns = ns, .line = line };
	if (fields == 3 && !strcmp(what, "in")) {
		transition->is_input = true;
		return 0;
	}
	if (fields != 3 && !(fields == 4 && !strcmp(extra, "init")))
		return -EBADMSG;
	if (strcmp(what, "0") && strcmp(what, "1"))
		return -EBADMSG;
	transition->level = what[0] == '1';
	transition->is_init = fields == 4;
	return 0;
}

static int record_append(struct sim_transition **list, size_t *n, size_t *room,
			 const struct sim_transition *transition)
{
	if (*n == *room) {
		size_t larger = *room ? 2 * *room : 64;
		struct sim_transition *grown = reallocarray(*list, larger, sizeof(**list));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		*room = larger;
	}
	(*list)[(*n)++] = *transition;
	return 0;
}

static int record_parse(FILE *file, struct sim_transition **list, size_t *n)
{
	struct sim_transition transition;
	size_t room = 0;
	char text[128];
	int ret = 0;

	*list = NULL;
	*n = 0;
	while (!ret && fgets(text, sizeof(text), file)) {
		ret = sim_transition_parse(text, &transition);
		if (!ret)
			ret = record_append(list, n, &room, &transition);
	}
	if (!ret && ferror(file))
		ret = -EIO;
	if (ret) {
		free(*list);
		*list = NULL;
		*n = 0;
	}
	return ret;
}

int sim_record_read(const char *chip, struct sim_transition **transitions, size_t *n)
{
	char path[64];
	long long lost;
	FILE *file;
	int fd, ret;

	snprintf(path, sizeof(path), "%s/record", chip);
	fd = sim_open(path, O_RDONLY);
	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	ret = record_parse(file, transitions, n);
	fclose(file);
	if (ret)
		return ret;

	/* Looked at last: what is overwritten during the reading is lost as well. */
	snprintf(path, sizeof(path), "%s/record_lost", chip);
	ret = sim_read(path, &lost);
	if (!ret && lost)
		ret = -EOVERFLOW;
	if (ret) {
		free(*transitions);
		*transitions = NULL;
		*n = 0;
	}
	return ret;
}

int sim_record_clear(const char *chip)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/record_clear", chip);
	return sim_write(path, 1);
}

int sim_transition_first(const char *chip, unsigned int line, bool level, uint64_t from_ns,
			 struct sim_transition *found)
{
	struct sim_transition *list;
	size_t n;
	int ret = sim_record_read(chip, &list, &n);

	if (ret)
		return ret;
	ret = -ENODATA;
	for (size_t i = 0; i < n && ret; i++)
		if (list[i].line == line && !list[i].is_input && list[i].level == level &&
		    list[i].ns >= from_ns) {
			*found = list[i];
			ret = 0;
		}
	free(list);
	return ret;
}

int sim_transition_last(const char *chip, unsigned int line, struct sim_transition *found)
{
	struct sim_transition *list;
	size_t n;
	int ret = sim_record_read(chip, &list, &n);

	if (ret)
		return ret;
	ret = -ENODATA;
	for (size_t i = n; i > 0 && ret; i--)
		if (list[i - 1].line == line) {
			*found = list[i - 1];
			ret = 0;
		}
	free(list);
	return ret;
}
