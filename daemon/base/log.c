// SPDX-License-Identifier: GPL-2.0-only
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-journal.h>

#define STACK_BYTES (128 * 1024)
#define QUEUE_MESSAGES 256
#define MESSAGE_BYTES 512
#define STOP_TIMEOUT_S 1
#define WRITE_TIMEOUT_MS 1000

struct message {
	int priority;
	char text[MESSAGE_BYTES];
};

enum state {
	STATE_DIRECT,		/* no thread: whoever has a message writes it */
	STATE_QUEUED,
	STATE_STOPPING,		/* the thread writes what is queued, then ends */
	STATE_ABANDONED,	/* it was stuck, and so would be whoever wrote directly */
};

/* lock guards everything from queue to the next blank line. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct message queue[QUEUE_MESSAGES];
static size_t first, queued;
static enum state state;
static bool is_thread_done;
static uint64_t dropped, dropped_told;

static pthread_cond_t wake_writer, writer_done;
static pthread_t writer;
static atomic_int level = LOG_INFO;

/* JOURNAL_STREAM is inherited; it speaks of this stderr only if the inode agrees. */
static bool is_stderr_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       !fstat(STDERR_FILENO, &status) && status.st_dev == device &&
	       status.st_ino == inode;
}

static bool write_all(const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(STDERR_FILENO, text, length);

		if (n >= 0) {
			text += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN) {
			struct pollfd pollfd = { .fd = STDERR_FILENO, .events = POLLOUT };

			if (poll(&pollfd, 1, WRITE_TIMEOUT_MS) <= 0)
				return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
	return true;
}

/* May block for as long as journald or the reader of stderr likes. */
static bool write_message(int priority, const char *text)
{
	char line[MESSAGE_BYTES + 64];
	int length;

	if (is_stderr_journal())
		return sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, NULL) >= 0;
	length = snprintf(line, sizeof(line), "%.48s: %s\n", program_invocation_short_name, text);
	return write_all(line, (size_t)length);
}

static void count_dropped(void)
{
	pthread_mutex_lock(&lock);
	dropped++;
	pthread_mutex_unlock(&lock);
}

static void tell_dropped(uint64_t count)
{
	char text[MESSAGE_BYTES];

	snprintf(text, sizeof(text), "%llu log messages were lost: the log could not keep up",
		 (unsigned long long)count);
	write_message(LOG_WARNING, text);
}

/* Takes the oldest message and how many losses are to be told after it. */
static bool take_message(struct message *message, uint64_t *lost)
{
	bool is_taken;

	pthread_mutex_lock(&lock);
	while (!queued && state == STATE_QUEUED)
		pthread_cond_wait(&wake_writer, &lock);
	is_taken = queued > 0;
	if (is_taken) {
		*message = queue[first];
		first = (first + 1) % QUEUE_MESSAGES;
		queued--;
		*lost = dropped - dropped_told;
		dropped_told = dropped;
	}
	pthread_mutex_unlock(&lock);
	return is_taken;
}

static void *write_messages(void *unused)
{
	struct message message;
	uint64_t lost;

	while (take_message(&message, &lost)) {
		if (!write_message(message.priority, message.text))
			count_dropped();
		if (lost)
			tell_dropped(lost);
	}
	pthread_mutex_lock(&lock);
	is_thread_done = true;
	pthread_cond_signal(&writer_done);
	pthread_mutex_unlock(&lock);
	return NULL;
}

/* With inheritance: the main thread may wait for it at a realtime priority. */
static int make_lock(void)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);

	if (error)
		return error;
	error = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (!error) {
		pthread_mutex_destroy(&lock);
		error = pthread_mutex_init(&lock, &attributes);
	}
	pthread_mutexattr_destroy(&attributes);
	return error;
}

static int start_writer(void)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);

	if (error)
		return error;
	error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (!error)
		error = pthread_create(&writer, &attributes, write_messages, NULL);
	pthread_attr_destroy(&attributes);
	return error;
}

int log_start(void)
{
	pthread_condattr_t attributes;
	sigset_t all, before;
	int error;

	if (state != STATE_DIRECT)
		return -EALREADY;
	error = make_lock();
	if (error)
		return -error;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&wake_writer, &attributes);
	pthread_cond_init(&writer_done, &attributes);
	pthread_condattr_destroy(&attributes);
	is_thread_done = false;
	state = STATE_QUEUED;

	/* Signals are for the main thread, and a SIGPIPE from here for nobody. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = start_writer();
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error)
		state = STATE_DIRECT;
	return -error;
}

void log_stop(void)
{
	struct timespec deadline;
	bool is_done;

	pthread_mutex_lock(&lock);
	if (state != STATE_QUEUED) {
		pthread_mutex_unlock(&lock);
		return;
	}
	state = STATE_STOPPING;
	pthread_cond_signal(&wake_writer);
	clock_gettime(CLOCK_MONOTONIC, &deadline);
	deadline.tv_sec += STOP_TIMEOUT_S;
	while (!is_thread_done)
		if (pthread_cond_timedwait(&writer_done, &lock, &deadline))
			break;
	is_done = is_thread_done;
	state = is_done ? STATE_DIRECT : STATE_ABANDONED;
	pthread_mutex_unlock(&lock);
	if (is_done)
		pthread_join(writer, NULL);
	else
		pthread_detach(writer);
}

/* True if there is no thread and the caller is to write it. */
static bool queue_message(const struct message *message)
{
	bool is_direct;

	pthread_mutex_lock(&lock);
	is_direct = state == STATE_DIRECT;
	if (is_direct) {
		/* nothing to queue for */
	} else if (state != STATE_QUEUED || queued == QUEUE_MESSAGES) {
		dropped++;
	} else {
		queue[(first + queued++) % QUEUE_MESSAGES] = *message;
		pthread_cond_signal(&wake_writer);
	}
	pthread_mutex_unlock(&lock);
	return is_direct;
}

/* One message is one line, whatever a device, a server or a client put into it. */
static void __attribute__((format(printf, 2, 0)))
format_text(char *text, const char *format, va_list arguments)
{
	int length = vsnprintf(text, MESSAGE_BYTES, format, arguments);

	if (length < 0)
		snprintf(text, MESSAGE_BYTES, "a message that could not be formatted: %s", format);
	else if (length >= MESSAGE_BYTES)
		memcpy(text + MESSAGE_BYTES - sizeof("..."), "...", sizeof("..."));
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = ' ';
}

void log_msg(int priority, const char *format, ...)
{
	struct message message = { .priority = priority };
	va_list arguments;

	if (priority > atomic_load(&level))
		return;
	va_start(arguments, format);
	format_text(message.text, format, arguments);
	va_end(arguments);
	if (queue_message(&message) && !write_message(priority, message.text))
		count_dropped();
}

void log_set_level(int priority)
{
	atomic_store(&level, priority);
}

uint64_t log_dropped(void)
{
	uint64_t count;

	pthread_mutex_lock(&lock);
	count = dropped;
	pthread_mutex_unlock(&lock);
	return count;
}
