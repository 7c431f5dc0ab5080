/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls of one open file, by several threads, and what must be true of their answers. */
#ifndef HYDROPON_TESTS_CALLS_H
#define HYDROPON_TESTS_CALLS_H

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "kmod/device.h"
#include "arguments.h"
#include "pass.h"

#define THREADS 3
#define ERRNOS 140

enum call {
	OPEN, CLOSE, READ, READ_BAD, READV, POLL, INFO, CHANNEL, OUTPUT, STREAM, SET_AWAY, SET_SAFE,
	ARM, RESTORE, RESET, INTERLOCKS, INTERLOCK, UNKNOWN, OTHER, DUP, PASS, FORK, CALLS
};

static const char *const call_names[CALLS] = {
	"open", "close", "read", "read, bad", "readv", "poll", "INFO", "CHANNEL", "OUTPUT", "STREAM",
	"SET away", "SET to safe", "ARM", "RESTORE", "RESET", "INTERLOCKS", "INTERLOCK",
	"unknown ioctl", "other calls", "dup", "pass", "fork",
};

/* How often of 1000. */
static const unsigned int weights[CALLS] = {
	[READ] = 130, [READ_BAD] = 20, [READV] = 10, [POLL] = 40, [INFO] = 60, [CHANNEL] = 40,
	[OUTPUT] = 80, [STREAM] = 20, [SET_AWAY] = 300, [SET_SAFE] = 30, [ARM] = 70, [RESTORE] = 70,
	[RESET] = 50, [INTERLOCKS] = 8, [INTERLOCK] = 30, [UNKNOWN] = 22, [OTHER] = 15, [DUP] = 2,
	[PASS] = 2, [FORK] = 1,
};

/* Between all processes. */
static struct shared {
	atomic_ulong counts[CALLS][ERRNOS];
	atomic_ulong done;
	unsigned long wanted;
	atomic_bool quiet;		/* the wires are left alone */
	atomic_bool failed;
	char failure[256];
} *shared;

/* The first failure ends everything. */
__attribute__((format(printf, 1, 2)))
static inline void fail(const char *format, ...)
{
	va_list arguments;

	if (atomic_exchange(&shared->failed, true))
		return;
	va_start(arguments, format);
	vsnprintf(shared->failure, sizeof(shared->failure), format, arguments);
	va_end(arguments);
}

static inline bool is_over(void)
{
	return atomic_load(&shared->done) >= shared->wanted || atomic_load(&shared->failed);
}

static inline int note(enum call call, long ret)
{
	int error = ret < 0 ? errno : 0;

	atomic_fetch_add(&shared->counts[call][error < ERRNOS ? error : ERRNOS - 1], 1);
	return error;
}

/* One open file. */
struct session {
	int fd;
	bool controller;
	struct gateway_view view;	/* .beat: atomically */
	atomic_long left;		/* calls */
	pthread_mutex_t reading;
	bool has_seq, has_beat;		/* under reading */
	uint32_t next_seq;
};

/* A thread that uses it. */
struct worker {
	struct session *session;
	struct places *places;
	struct rng rng;
};

/* Under session->reading. */
static inline void check_record(struct session *session, const struct hydropon_record *r)
{
	if (session->has_seq && r->seq != session->next_seq)
		fail("record %u where %u was due", r->seq, session->next_seq);
	session->has_seq = true;
	session->next_seq = r->seq + 1;
	if (r->type < HYDROPON_REC_SAMPLE || r->type > HYDROPON_REC_TIME)
		fail("a record of type %u", r->type);
	if (r->status > 0 || r->status < -4095)
		fail("a record with status %d", r->status);
	if (r->channel >= HYDROPON_MAX_CHANNELS)
		fail("a record of channel %u", r->channel);
	if (r->type == HYDROPON_REC_OUTPUT && (r->value < 0 || r->value > 1 || r->aux < 0 ||
					       r->aux > HYDROPON_CAUSE_CLEARED))
		fail("output %u: value %d, cause %lld", r->channel, r->value, (long long)r->aux);
	if (r->type == HYDROPON_REC_LOST && !r->value)
		fail("LOST tells of none");
	if (r->type != HYDROPON_REC_BEAT)
		return;
	if (session->has_beat && (uint32_t)r->value != session->view.beat + 1)
		fail("beat %u after %u", (uint32_t)r->value, session->view.beat);
	session->has_beat = true;
	__atomic_store_n(&session->view.beat, (uint32_t)r->value, __ATOMIC_RELAXED);
}

/* All that is read goes through here, so that its order is known. */
static inline int read_records(struct worker *worker, enum call call)
{
	static __thread struct hydropon_record records[256];
	struct session *session = worker->session;
	size_t n = 1 + below(&worker->rng, 255);
	struct iovec parts[2] = { { records, 32 * n }, { records + n, 32 * (256 - n) } };
	ssize_t ret;
	int error;

	pthread_mutex_lock(&session->reading);
	if (call == READV)
		ret = readv(session->fd, parts, 2);
	else	/* and part of a record, which is not given */
		ret = read(session->fd, records, 32 * n + below(&worker->rng, 32));
	error = note(call, ret);
	if (ret > 0 && ret % 32)
		fail("read gave %zd bytes", ret);
	for (ssize_t i = 0; i < ret / 32; i++)
		check_record(session, &records[i]);
	pthread_mutex_unlock(&session->reading);
	return error;
}

/* What cannot succeed takes no record away. */
static inline int read_bad(struct worker *worker)
{
	const struct places *places = worker->places;
	char *end = places->pages[0] + 2 * places->page;
	size_t size = below(&worker->rng, 4096);
	int fd = worker->session->fd;
	ssize_t ret;

	switch (below(&worker->rng, 4)) {
	case 0:
		ret = read(fd, end, 32 + size);
		break;
	case 1:
		ret = read(fd, end - below(&worker->rng, 32), 32 + size);
		break;
	case 2:
		ret = read(fd, places->sealed, 32 + size);
		break;
	default:
		ret = read(fd, places->pages[0], below(&worker->rng, 32));
	}
	if (ret > 0)
		fail("read gave %zd bytes where there is no room", ret);
	return note(READ_BAD, ret);
}

static inline int make_ioctl(struct worker *worker, enum call call, unsigned long request,
			     void *argument)
{
	size_t size = _IOC_SIZE(request);
	void *at;

	if (one_in(&worker->rng, 5))
		mutate(&worker->rng, argument, size);
	else if (one_in(&worker->rng, 20))
		fill_noise(&worker->rng, argument, size);
	at = place(&worker->rng, worker->places, 0, argument, size);
	return note(call, ioctl(worker->session->fd, request, at));
}

static inline int make_set(struct worker *worker, enum call call)
{
	struct session *session = worker->session;
	uint32_t output = below(&worker->rng, session->view.outputs);
	struct hydropon_set set = {
		.output = output,
		.on = session->view.safe_on[output] != (call == SET_AWAY),
		.beat = __atomic_load_n(&session->view.beat, __ATOMIC_RELAXED) - below(&worker->rng, 3),
		.lease_ms = HYDROPON_LEASE_MIN_MS + below(&worker->rng, 1101),
	};

	return make_ioctl(worker, call, HYDROPON_IOC_SET, &set);
}

static inline int make_restore(struct worker *worker)
{
	struct rng *rng = &worker->rng;
	struct hydropon_restore kept = { .output = below(rng, worker->session->view.outputs) };

	if (one_in(rng, 8))
		kept.latched = 1U << below(rng, 10) & HYDROPON_LATCHES;
	if (one_in(rng, 4)) {
		kept.uses_n = below(rng, HYDROPON_MAX_USES + 1);
		for (uint32_t i = 0; i < kept.uses_n; i++)
			kept.uses[i] = (struct hydropon_use) { 100 * (HYDROPON_MAX_USES - i), 1 };
	}
	return make_ioctl(worker, RESTORE, HYDROPON_IOC_RESTORE, &kept);
}

static inline int make_interlocks(struct worker *worker)
{
	struct hydropon_interlock table[HYDROPON_MAX_INTERLOCKS] = { { 0 } };
	struct rng *rng = &worker->rng;
	uint32_t n = one_in(rng, 2) ? 0 : one_in(rng, 4) ? below(rng, 65) : below(rng, 4);
	struct hydropon_interlocks asked = { .n = n };

	for (uint32_t i = 0; i < n; i++)
		table[i] = valid_interlock(rng, &worker->session->view);
	if (one_in(rng, 8))
		mutate(rng, table, n * sizeof(*table));
	asked.entries = (uintptr_t)place(rng, worker->places, 1, table, n * sizeof(*table));
	return make_ioctl(worker, INTERLOCKS, HYDROPON_IOC_INTERLOCKS, &asked);
}

static inline int make_stream(struct worker *worker)
{
	struct hydropon_stream stream = { 1 + below(&worker->rng, 2048), 1 + below(&worker->rng, 150) };

	return make_ioctl(worker, STREAM, HYDROPON_IOC_STREAM, &stream);
}

static inline int make_index(struct worker *worker, enum call call, unsigned long request, uint32_t n)
{
	uint32_t answer[64] = { below(&worker->rng, n + 1) };

	return make_ioctl(worker, call, request, answer);
}

static inline int make_unknown(struct worker *worker)
{
	static const unsigned long others[] = {
		0x5401 /* TCGETS */, 0x541b /* FIONREAD */, 0x5421 /* FIONBIO */,
		0x5451 /* FIOCLEX */, 0x5452 /* FIOASYNC */, 0x1 /* FIBMAP */, 0x2 /* FIGETBSZ */,
	};
	struct rng *rng = &worker->rng;
	unsigned long request = _IOC(below(rng, 4), HYDROPON_IOC_MAGIC, below(rng, 256), below(rng, 300));
	uint32_t noise[128];

	fill_noise(rng, noise, sizeof(noise));
	if (one_in(rng, 4)) {
		request = others[below(rng, 7)];
		/* It stays one that does not block. */
		noise[0] |= 1;
	}
	return note(UNKNOWN, ioctl(worker->session->fd, request, noise));
}

static inline int make_other(struct worker *worker)
{
	char *memory = worker->places->pages[0];
	struct rng *rng = &worker->rng;
	int fd = worker->session->fd;
	void *map;
	long ret;

	switch (below(rng, 8)) {
	case 0:
		ret = write(fd, memory, below(rng, 4096));
		break;
	case 1:
		ret = pread(fd, memory, 64, below(rng, 4096));
		break;
	case 2:
		ret = lseek(fd, below(rng, 4096), SEEK_CUR);
		break;
	case 3:
		map = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		ret = -1;
		if (map != MAP_FAILED)
			fail("the device was mapped");
		break;
	case 4:
		ret = fcntl(fd, F_SETFL, O_NONBLOCK | (one_in(rng, 2) ? O_APPEND : 0));
		break;
	case 5:
		ret = fsync(fd);
		break;
	case 6:
		ret = ftruncate(fd, below(rng, 4096));
		break;
	default:
		ret = fallocate(fd, 0, 0, 4096);
	}
	return note(OTHER, ret);
}

/* Another number for the same file, which is used, and closed again. */
static inline int make_dup(struct worker *worker)
{
	struct hydropon_info info;
	int fd = dup(worker->session->fd), error = note(DUP, fd);

	if (fd < 0)
		return error;
	ioctl(fd, HYDROPON_IOC_INFO, &info);
	if (one_in(&worker->rng, 2))
		ioctl(fd, HYDROPON_IOC_ARM);
	close(fd);
	return error;
}

/* The file in flight between two sockets, with and without anybody who takes it. */
static inline int make_pass(struct worker *worker)
{
	int sockets[2], fd = -1, error;

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets))
		return note(PASS, -1);
	error = note(PASS, pass_send(sockets[0], worker->session->fd));
	if (!error && one_in(&worker->rng, 2))
		fd = pass_receive(sockets[1]);
	close(sockets[0]);
	close(sockets[1]);
	if (fd >= 0) {
		ioctl(fd, HYDROPON_IOC_ARM);
		close(fd);
	}
	return error;
}

/* Somebody else who has the file as well, and may outlive its close by a little. */
static inline int make_fork(struct worker *worker)
{
	uint32_t linger_us = below(&worker->rng, 3000);
	pid_t pid = fork();
	int error = note(FORK, pid);

	if (!pid) {
		/* a child's child, so that nobody needs to wait for it */
		if (!fork()) {
			struct hydropon_set set = { .output = 0, .on = 1 };

			ioctl(worker->session->fd, HYDROPON_IOC_SET, &set);
			ioctl(worker->session->fd, HYDROPON_IOC_ARM);
			usleep(linger_us);
		}
		_exit(0);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return error;
}

static inline int make_poll(struct worker *worker)
{
	struct pollfd p = { .fd = worker->session->fd, .events = (short)rng_next(&worker->rng) };

	return note(POLL, poll(&p, 1, (int)below(&worker->rng, 4)));
}

static inline int make_call(struct worker *worker, enum call call)
{
	const struct gateway_view *view = &worker->session->view;

	switch (call) {
	case READ:
	case READV:
		return read_records(worker, call);
	case READ_BAD:
		return read_bad(worker);
	case POLL:
		return make_poll(worker);
	case INFO:
		return make_index(worker, call, HYDROPON_IOC_INFO, 1);
	case CHANNEL:
		return make_index(worker, call, HYDROPON_IOC_CHANNEL, view->channels);
	case OUTPUT:
		return make_index(worker, call, HYDROPON_IOC_OUTPUT, view->outputs);
	case INTERLOCK:
		return make_index(worker, call, HYDROPON_IOC_INTERLOCK, 4);
	case RESET:
		return make_index(worker, call, HYDROPON_IOC_RESET, view->outputs);
	case STREAM:
		return make_stream(worker);
	case SET_AWAY:
	case SET_SAFE:
		return make_set(worker, call);
	case ARM:
		return note(call, ioctl(worker->session->fd, HYDROPON_IOC_ARM,
					rng_next(&worker->rng)));
	case RESTORE:
		return make_restore(worker);
	case INTERLOCKS:
		return make_interlocks(worker);
	case UNKNOWN:
		return make_unknown(worker);
	case DUP:
		return make_dup(worker);
	case PASS:
		return make_pass(worker);
	case FORK:
		return make_fork(worker);
	default:
		return make_other(worker);
	}
}

static inline bool is_for_controllers(enum call call)
{
	return call == READ || call == READV || call == READ_BAD || call == STREAM || call == ARM ||
	       call == SET_AWAY || call == SET_SAFE || call == RESTORE || call == RESET ||
	       call == INTERLOCKS;
}

static inline enum call choose_call(struct rng *rng)
{
	unsigned int at = below(rng, 1000), call = 0;

	while (at >= weights[call])
		at -= weights[call++];
	return call;
}

#endif
