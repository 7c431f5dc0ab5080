// SPDX-License-Identifier: GPL-2.0-only
#include "forward/secret.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/conf.h"

#define STARS "***"
#define TEXT_MAX 512

struct part {
	const char *at;
	size_t n;
};

struct text {
	const char *at;
	size_t n;
	bool is_cut;
	bool hidden[TEXT_MAX];
};

/* The last @ ends the user and password, as it does for libcurl. */
static struct part userinfo_of(const char *url)
{
	const char *authority = strstr(url, "://"), *at;

	authority = authority ? authority + 3 : url;
	at = memrchr(authority, '@', strcspn(authority, "/?#"));
	return (struct part){ authority, at ? (size_t)(at - authority) : 0 };
}

static struct part query_of(const char *url)
{
	const char *query = url + strcspn(url, "?#");

	if (*query != '?')
		return (struct part){ query, 0 };
	return (struct part){ query + 1, strcspn(query + 1, "#") };
}

void secret_public_url(const char *url, char *out, size_t size)
{
	struct part userinfo = userinfo_of(url);
	const char *host = userinfo.at + userinfo.n;

	snprintf(out, size, "%.*s", (int)(userinfo.at - url), url);
	host += *host == '@';
	snprintf(out + strlen(out), size - strlen(out), "%.*s", (int)strcspn(host, "?#"), host);
}

/* Wherever @secret stands, and where the end of a cut text may be its beginning. */
static void hide(struct text *text, struct part secret)
{
	for (size_t i = 0; secret.n && i < text->n; i++) {
		size_t left = text->n - i, n = secret.n < left ? secret.n : left;

		if ((n == secret.n || text->is_cut) && !strncasecmp(text->at + i, secret.at, n))
			memset(text->hidden + i, true, n);
	}
}

/* Returns the size of @to, which has room for @from. */
static size_t decode(struct part from, char *to)
{
	size_t size = 0;

	for (size_t i = 0; i < from.n; i++) {
		const char *c = from.at + i;
		unsigned int byte = (unsigned char)*c;

		if (*c == '%' && from.n - i > 2 && isxdigit((unsigned char)c[1]) &&
		    isxdigit((unsigned char)c[2])) {
			sscanf(c + 1, "%2x", &byte);
			i += 2;
		}
		to[size++] = (char)byte;
	}
	return size;
}

/* False: it holds what servers escape, each in its way. */
static bool hide_value(struct text *text, struct part value)
{
	char plain[CONF_URL_MAX];
	size_t n = decode(value, plain);

	hide(text, value);
	hide(text, (struct part){ plain, n });
	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)plain[i]) && !strchr("-._~", plain[i]))
			return false;
	return true;
}

/* What follows "Authorization: Basic". */
static void hide_basic(struct text *text, struct part userinfo)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	char plain[CONF_URL_MAX + 3] = "", code[CONF_URL_MAX * 2];
	size_t n = decode(userinfo, plain), size = 0;

	/* Without the padding, and so also where that is left off. */
	for (size_t i = 0; i < n * 8; i += 6) {
		const unsigned char *at = (const unsigned char *)plain + i / 8;

		code[size++] = digits[(((unsigned int)at[0] << 8 | at[1]) >> (10 - i % 8)) & 63];
	}
	hide(text, (struct part){ code, size });
}

static bool hide_userinfo(struct text *text, struct part userinfo)
{
	const char *colon = memchr(userinfo.at, ':', userinfo.n);
	struct part user = { userinfo.at, colon ? (size_t)(colon - userinfo.at) : userinfo.n };

	if (!userinfo.n)
		return true;
	hide(text, userinfo);
	hide_basic(text, userinfo);
	return hide_value(text, user) &&
	       (!colon || hide_value(text, (struct part){ colon + 1, userinfo.n - user.n - 1 }));
}

static bool hide_query(struct text *text, struct part query)
{
	hide(text, query);
	for (size_t i = 0; i < query.n;) {
		struct part one = { query.at + i, 0 };
		const char *equals;

		while (i + one.n < query.n && !strchr("&;", one.at[one.n]))
			one.n++;
		i += one.n + 1;
		equals = memchr(one.at, '=', one.n);
		if (equals)
			one = (struct part){ equals + 1, one.n - (size_t)(equals + 1 - one.at) };
		if (!hide_value(text, one))
			return false;
	}
	return true;
}

static void take(struct text *in, char *copy, const char *text, size_t size)
{
	*in = (struct text){ copy, strlen(text), strlen(text) + 1 >= size, { false } };
	if (in->n < TEXT_MAX)
		memcpy(copy, text, in->n);
}

/* Writes it back with stars in place of what is hidden. */
static void give(const struct text *in, char *text, size_t size)
{
	size_t out = 0;

	for (size_t i = 0; i < in->n; i++) {
		const char *next = in->hidden[i] ? STARS : (char[]){ in->at[i], 0 };

		if (in->hidden[i] && i && in->hidden[i - 1])
			continue;
		if (out + strlen(next) >= size)
			break;
		memcpy(text + out, next, strlen(next));
		out += strlen(next);
	}
	text[out] = 0;
}

void secret_hide(const char *url, char *text, size_t size)
{
	char copy[TEXT_MAX];
	struct text in;

	take(&in, copy, text, size);
	if (in.n >= sizeof(copy) || strlen(url) >= CONF_URL_MAX ||
	    !hide_userinfo(&in, userinfo_of(url)) || !hide_query(&in, query_of(url))) {
		*text = 0;
		return;
	}
	give(&in, text, size);
}

void secret_hide_login(const char *user, const char *secret, char *text, size_t size)
{
	struct part whole = { secret, strlen(secret) };
	char copy[TEXT_MAX], login[CONF_URL_MAX];
	struct text in;
	int n;

	take(&in, copy, text, size);
	n = snprintf(login, sizeof(login), "%s:%s", user, secret);
	/* Characters that servers escape, each in its way: those of base64 are not. */
	if (in.n >= sizeof(copy) || strchr(user, '%') || (*user && n >= (int)sizeof(login)) ||
	    secret[strspn(secret, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
				  "-._~+=")]) {
		*text = 0;
		return;
	}
	hide(&in, whole);
	if (*user)
		hide_basic(&in, (struct part){ login, (size_t)n });
	give(&in, text, size);
}
