// SPDX-License-Identifier: GPL-2.0-only
#include "forward/endpoint.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"

/* As RFC 3986 wants the value of a query. */
static void add_escaped(char *url, const char *key, const char *value)
{
	char *at = url + strlen(url);

	at += sprintf(at, "%s", key);
	for (const unsigned char *c = (const unsigned char *)value; *c; c++) {
		if (isalnum(*c) || strchr("-._~", *c))
			*at++ = (char)*c;
		else
			at += sprintf(at, "%%%02X", *c);
	}
	*at = 0;
}

static void strip_slashes(char *url)
{
	size_t n = strlen(url);

	while (n && url[n - 1] == '/')
		url[--n] = 0;
}

/* A gateway's name may have characters that end a string there. */
void endpoint_export_url(const struct conf_store *conf, const char *name, const char *gateway,
			 int64_t from_ms, char url[ENDPOINT_URL_MAX])
{
	char selector[3 * CONF_WORD_MAX], *at = selector;

	at += snprintf(selector, sizeof(selector), "%s{gateway=\"", name);
	for (const char *c = gateway; *c && at < selector + sizeof(selector) - 5; c++) {
		if (*c == '"' || *c == '\\')
			*at++ = '\\';
		*at++ = *c;
	}
	strcpy(at, "\"}");
	strcpy(url, conf->url);
	strip_slashes(url);
	sprintf(url + strlen(url), "/api/v1/export?start=%lld.%03lld",
		(long long)(from_ms / 1000), (long long)(from_ms % 1000));
	add_escaped(url, "&match%5B%5D=", selector);
}

void endpoint_url(const struct conf_store *conf, char url[ENDPOINT_URL_MAX])
{
	strcpy(url, conf->url);
	if (conf->kind == STORE_LINE_PROTOCOL) {
		strcat(url, strchr(url, '?') ? "&precision=ms" : "?precision=ms");
		return;
	}
	strip_slashes(url);
	switch (conf->kind) {
	case STORE_INFLUXDB_1:
		add_escaped(url, "/write?db=", conf->database);
		if (*conf->retention_policy)
			add_escaped(url, "&rp=", conf->retention_policy);
		strcat(url, "&precision=ms");
		break;
	case STORE_INFLUXDB_2:
		add_escaped(url, "/api/v2/write?org=", conf->org);
		add_escaped(url, "&bucket=", conf->bucket);
		strcat(url, "&precision=ms");
		break;
	case STORE_INFLUXDB_3:
		/* What is answered before it is on its disk may be lost. */
		add_escaped(url, "/api/v3/write_lp?db=", conf->database);
		strcat(url, "&precision=millisecond&no_sync=false");
		break;
	case STORE_VICTORIAMETRICS:
	case STORE_LINE_PROTOCOL:
		strcat(url, "/write?precision=ms");
		break;
	}
}

__attribute__((format(printf, 1, 2))) static const char *told(const char *format, ...)
{
	static char sentence[PATH_MAX + 256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	return sentence;
}

const char *credential_read(const char *file, char credential[CREDENTIAL_MAX])
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_MAX], *end;
	struct stat status;
	ssize_t n;

	if (*file == '/')
		snprintf(path, sizeof(path), "%s", file);
	else if (dir)
		snprintf(path, sizeof(path), "%s/%s", dir, file);
	else
		return told("there are no systemd credentials, of which \"%s\" should be one; add "
			    "LoadCredential= to the unit, or write the path of a file", file);
	n = file_read(path, credential, CREDENTIAL_MAX - 1);
	if (n == -EFBIG)
		return told("%s is too long for a token or a password; put nothing else into it",
			    path);
	if (n < 0)
		return told("%s cannot be read: %s; make it belong to the user that "
			    "hydropon-forward runs as", path, strerror((int)-n));
	if (*file == '/' && !stat(path, &status) && status.st_mode & 077)
		return told("%s may be read by others; chmod 600 it, and change the secret if they "
			    "could have", path);
	credential[n] = 0;
	end = credential + strlen(credential);
	while (end > credential && isspace((unsigned char)end[-1]))
		*--end = 0;
	n = (ssize_t)strspn(credential, " \t\r\n");
	memmove(credential, credential + n, strlen(credential + n) + 1);
	if (!*credential)
		return told("%s is empty; put the token or password into it", path);
	for (const char *c = credential; *c; c++)
		if (*c < ' ' || *c > '~')
			return told("%s holds more than one line, or characters that no token "
				    "has; put only that into it", path);
	return NULL;
}

void endpoint_authorization(const struct conf_store *conf, const char *token, char *out, size_t size)
{
	bool is_influxdb = conf->kind == STORE_INFLUXDB_1 || conf->kind == STORE_INFLUXDB_2;

	snprintf(out, size, "Authorization: %s %s", is_influxdb ? "Token" : "Bearer", token);
}
