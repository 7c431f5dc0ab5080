// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a store, or whoever is in its place, answers: the bytes come to libcurl over a socket, as
 * they do to the forwarder. Nothing but a 204 with a whole head may count as stored, and no
 * sentence may be longer than its room, hold what is no printable text, or tell a secret.
 */
#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* For its handle, whose socket is ours. */
#include "forward/post.c"

#define SECRET "s3cretpw"

static CURLM *multi;
static struct post *post;
static int listener;
static const uint8_t *input;
static size_t input_size;
static const struct conf_store conf = {
	.name = "s", .batch_lines = 1, .timeout_ms = 1000,
	.url = "http://u:" SECRET "@127.0.0.1:9/write",
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

/* A server of this process alone. */
static void set_up(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int n;

	if (post)
		return;
	n = snprintf(address.sun_path + 1, sizeof(address.sun_path) - 1, "hydropon-answer-%d",
		     getpid());
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	check(listener >= 0 && !bind(listener, (struct sockaddr *)&address,
				     (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)));
	check(!listen(listener, 8));
	multi = curl_multi_init();
	post = post_new(multi, &conf, conf.url, NULL, NULL);
	check(post != NULL);
	curl_easy_setopt(post->easy, CURLOPT_ABSTRACT_UNIX_SOCKET, address.sun_path + 1);
	/* Each answer for itself. */
	curl_easy_setopt(post->easy, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(post->easy, CURLOPT_NOPROXY, "*");
}

/* The answer comes without a look at the question, and then the connection ends. */
static int serve(void)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	if (fd < 0)
		return -1;
	check(send(fd, input, input_size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)input_size);
	shutdown(fd, SHUT_WR);
	return fd;
}

static CURLcode ask(void)
{
	int running, left, fd = -1;
	CURLMsg *message;

	check(!post_start(post, "x", 1));
	for (;;) {
		curl_multi_perform(multi, &running);
		message = curl_multi_info_read(multi, &left);
		if (message && message->msg == CURLMSG_DONE)
			break;
		if (fd < 0)
			fd = serve();
		else
			curl_multi_poll(multi, NULL, 0, 100, NULL);
	}
	if (fd >= 0)
		close(fd);
	return message->data.result;
}

/* Also the one that ends the answer, whose line's end may be what the connection's is. */
static bool has_empty_line(void)
{
	return memmem(input, input_size, "\n\n", 2) || memmem(input, input_size, "\n\r", 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char sentence[300];
	struct answer answer;

	if (size > 16384)
		return 0;
	set_up();
	input = data;
	input_size = size;
	post_finish(post, ask(), &answer);
	check(memchr(answer.body, 0, sizeof(answer.body)) != NULL);
	for (const char *c = answer.body; *c; c++)
		check(isprint((unsigned char)*c));
	if (answer_judge(&answer) == VERDICT_STORED)
		check(answer.code == CURLE_OK && answer.status == 204 && has_empty_line());
	post_hide(post, answer.body, sizeof(answer.body));
	check(!strstr(answer.body, SECRET));
	answer_explain(&answer, sentence, sizeof(sentence));
	check(memchr(sentence, 0, sizeof(sentence)) != NULL && *sentence);
	for (const char *c = sentence; *c; c++)
		check(isprint((unsigned char)*c));
	return 0;
}
