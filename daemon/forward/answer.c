// SPDX-License-Identifier: GPL-2.0-only
#include "forward/answer.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* InfluxDB 1.x and 2.x, with a number behind it: all other points of the request were stored. */
#define BEYOND "points beyond retention policy dropped="

/* Behind those words; NULL: it does not say that. */
static const char *find_beyond(const struct answer *answer)
{
	const char *at = strstr(answer->body, BEYOND);

	at = at ? at + strlen(BEYOND) : NULL;
	return at && isdigit((unsigned char)*at) ? at : NULL;
}

uint64_t answer_beyond(const struct answer *answer)
{
	const char *number = find_beyond(answer);

	return number ? strtoull(number, NULL, 10) : 0;
}

enum verdict answer_judge(const struct answer *answer)
{
	if (answer->code != CURLE_OK)
		return VERDICT_KEEP;
	switch (answer->status) {
	case 204:
		return VERDICT_STORED;
	case 400:
	case 422:
		return find_beyond(answer) ? VERDICT_BEYOND : VERDICT_REFUSED;
	case 413:
		return VERDICT_TOO_LARGE;
	default:
		return VERDICT_KEEP;
	}
}

static const char *explain_code(CURLcode code)
{
	switch (code) {
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
		return "its host name was not found; check the name in the url, DNS and the "
		       "network";
	case CURLE_COULDNT_CONNECT:
		return "no connection; check that the store runs and that host and port in the url "
		       "are right";
	case CURLE_OPERATION_TIMEDOUT:
		return "no answer in time; check the network and the store's load, or raise "
		       "timeout";
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
		return "its TLS certificate was not accepted; check its name, its issuer and this "
		       "clock";
	case CURLE_SSL_CONNECT_ERROR:
		return "no TLS connection; check that the url's port speaks https";
	case CURLE_GOT_NOTHING:
	case CURLE_PARTIAL_FILE:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return "the connection broke before the answer was complete; if that goes on, see "
		       "the store's log: over https it may want a certificate-file";
	case CURLE_WRITE_ERROR:
		return "its answer goes on without an end: that is no store; check the url, and what "
		       "stands between";
	default:
		return NULL;
	}
}

static const char *explain_status(long status)
{
	if (status >= 200 && status < 300)
		return "a store answers 204: this is another page, a login page of the network or "
		       "a wrong path; check the url";
	if (status >= 300 && status < 400)
		return "it redirects, which is not followed; write the final address as url";
	switch (status) {
	case 400:
	case 422:
		return "it refuses a line";
	case 401:
		return "it wants credentials, or others; check the token, or user and password";
	case 403:
		return "its user may not write there; give it the right to, or correct the url";
	case 404:
		return "no such path or database; create the database or correct the url";
	case 405:
		return "that path takes no writes; correct the path in the url";
	case 407:
		return "the proxy wants credentials; check https_proxy and http_proxy";
	case 413:
		return "even one line is too large for it; check what stands before the store";
	case 429:
		return "it is asked too often and wants a pause";
	default:
		return status >= 500 ? "the store is in trouble; see its log" :
				       "this is no answer of a store; check the url";
	}
}

void answer_explain(const struct answer *answer, char *out, size_t size)
{
	const char *sentence;

	if (answer->code != CURLE_OK) {
		sentence = explain_code(answer->code);
		snprintf(out, size, "%s", sentence ? sentence : curl_easy_strerror(answer->code));
		return;
	}
	snprintf(out, size, "answered %ld: %s%s%s%s", answer->status,
		 answer_judge(answer) == VERDICT_BEYOND ?
		 "samples of this hour are older than it keeps any; check its clock, and its "
		 "retention policy" : explain_status(answer->status), *answer->body ? " (it said: " : "", answer->body,
		 *answer->body ? ")" : "");
}
