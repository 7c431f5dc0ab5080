/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside hydropon-guard.ko.
 *
 * LOCKS
 *   gateway->table  mutex: channels and outputs come and go. Taken first.
 *   gateway->read   mutex: one reader of the stream at a time.
 *   gateway->lock   raw, interrupts off: everything below "under lock". Taken on
 *                   every record, edge, ioctl and deadline; held for a bounded time
 *                   (a few walks over outputs and interlocks), never while sleeping.
 *
 * LIFE
 *   A gateway is counted: by its driver, by each open file and by each channel. Its
 *   lines, timer and interrupt end with the driver.
 */
#ifndef HYDROPON_GUARD_INTERNAL_H
#define HYDROPON_GUARD_INTERNAL_H

#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include <linux/hydropon.h>
#include "decide.h"
#include "hydropon-guard.h"
#include "storm.h"

#define RING_RECORDS	4096U	/* a power of two */
#define BEAT_HISTORY	128U	/* beats that can still be named; > longest lease */
#define BEAT_NS		(HYDROPON_BEAT_MS * (u64)NSEC_PER_MSEC)
#define SETTLE_MS	1000	/* for lines behind a bus, all together */
#define NOT_WRITTEN	(-1)	/* or not known: a write is under way, or has failed */
#define MAX_NEEDS	8

static_assert(sizeof(struct hydropon_record) == 32);
static_assert(BEAT_HISTORY * HYDROPON_BEAT_MS > HYDROPON_LEASE_MAX_MS);

struct hydropon_gateway;

struct hydropon_channel {
	struct hydropon_gateway *gateway;
	struct hydropon_channel_info info;	/* .present under lock */
	/* Under lock. What the controller has not been told yet goes before the next sample. */
	struct hydropon_record scale, offset;	/* .type 0: none yet */
	bool scale_untold, offset_untold;
	/* under lock: what needs and interlocks judge by */
	struct hydropon_reading reading;
	u32 edges;		/* of the newest pulse record */
	u64 last_edge_ns;
	bool counted;		/* there was one since the channel came */
	bool needed;		/* an output that was probed needs it */
	bool interlocked;	/* under lock: an interlock of the table judges by it */
};

/* Records between the guard and one reader. Under lock, but for records[]: what lies
 * between tail and head changes for nobody.
 */
struct hydropon_ring {
	struct hydropon_record *records;
	u64 *written_ns;	/* when each was written */
	u32 head, tail;		/* free running */
	u32 seq;
	u32 watermark;
	u32 lost_untold;
	u64 max_latency_ns;
	u64 written, lost, lost_urgent;
	bool urgent;		/* an urgent record is unread */
	bool told;		/* the reader has been woken for what is there */
};

struct hydropon_beats {
	u64 time_ns[BEAT_HISTORY];
	u32 newest;
	u32 emitted;		/* since open; stays at BEAT_HISTORY */
	u64 next_ns;
};

/* A line of the SoC that is read in the hard interrupt: power-good, or one contact of a
 * switch.
 */
struct hydropon_contact {
	struct hydropon_gateway *gateway;
	const char *name;
	struct gpio_desc *line;		/* NULL: there is none */
	bool watched;			/* it has its interrupt */
	struct hydropon_storm storm;	/* under lock */
	bool storming;			/* under lock */
	bool edge;			/* one came since the last look; under lock */
};

struct hydropon_need {
	struct hydropon_channel *channel;
	u64 stale_ns;
};

struct hydropon_output {
	struct hydropon_gateway *gateway;
	struct gpio_desc *line;
	struct hydropon_limits limits;
	struct hydropon_output_state state;	/* under lock */
	struct hydropon_need needs[MAX_NEEDS];
	u32 needs_n;
	u32 index;
	u32 lease_max_ms;
	bool behind_master;
	bool gone;		/* under lock */
	u64 changes, refused;	/* under lock */
	u64 forced_ns;		/* beats up to here renew nothing; under lock */

	/* under lock: what the interlocks say */
	u32 trips, latching;
	u32 trip_id;

	struct hydropon_contact on_contact, off_contact;
	struct hydropon_switch position;	/* under lock */
	enum hydropon_manual manual_told;	/* under lock */
	struct gpio_desc *feedback_line;	/* NULL: there is none */
	struct hydropon_feedback feedback;	/* under lock */
	u32 faults;				/* 1 << enum hydropon_fault; under lock */

	/* lines behind a bus, and open-drain ones, whose controllers may sleep */
	struct kthread_worker *worker;		/* NULL: the line does not sleep */
	struct kthread_delayed_work write;
	wait_queue_head_t settled;
	bool single_ended;
	int written;		/* level that the line was last written to; under lock */
	int line_status;	/* 0 or -errno of the last write; under lock */
	char name[HYDROPON_NAME_MAX];
};

struct hydropon_gateway {
	struct kref refs;
	struct device *dev;	/* for the driver alone */
	struct miscdevice misc;
	char misc_name[20];
	int id;

	/* see LOCKS */
	raw_spinlock_t lock;
	struct mutex read;	/* one reader of the stream */
	struct mutex table;	/* channels and outputs come and go */

	/* under lock, unless it says otherwise */
	struct hydropon_ring ring;
	struct hydropon_beats beats;
	struct hydropon_power power;
	bool power_told_good;
	u64 power_told_ns;
	bool power_storm_told;
	struct hrtimer timer;
	u64 timer_ns;			/* what it is set to, or was, if it waits for the lock */
	u64 sheds;
	u64 time_next_ns;		/* of the next TIME record */
	s64 time_offset_ns;		/* CLOCK_REALTIME less BOOTTIME, as told */
	bool controlled, armed;
	bool suspended;
	enum hydropon_cause terminal;	/* 0, SHUTDOWN or UNBIND */
	bool dead;			/* nothing will come any more */

	struct hydropon_interlock interlocks[HYDROPON_MAX_INTERLOCKS];
	struct hydropon_interlock_state interlock_states[HYDROPON_MAX_INTERLOCKS];
	struct hydropon_interlock_state interlock_scratch[HYDROPON_MAX_INTERLOCKS];
	u32 interlocks_n;

	wait_queue_head_t wait;
	struct irq_work wake;

	struct hydropon_contact power_good;
	struct gpio_desc *master_line;	/* NULL: there is none */
	bool master_closed;
	struct notifier_block reboot, panic, pm;

	struct hydropon_channel *channels[HYDROPON_MAX_CHANNELS];
	u32 channels_n;
	struct hydropon_output *outputs[HYDROPON_MAX_OUTPUTS];
	u32 outputs_n;
	/* names of outputs that are gone keep their index */
	char output_names[HYDROPON_MAX_OUTPUTS][HYDROPON_NAME_MAX];
};

static inline u64 hydropon_now(void)
{
	return ktime_get_boottime_ns();
}

/* gateway.c: the driver */
extern struct platform_driver hydropon_gateway_driver;
struct hydropon_gateway *hydropon_gateway_of_child(struct device *child);
void hydropon_gateway_put(struct hydropon_gateway *gateway);
int hydropon_follow_line(struct device *dev, struct gpio_desc *line);

/* property.c; each complains, with the property, its value and the range, and gives -EINVAL */
int hydropon_read_ms(struct device *dev, const char *property, u32 min_ms, u32 max_ms,
		     u32 default_ms, u32 *ms);
int hydropon_read_flag(struct device *dev, const char *property, bool *flag);
/* @name-gpios must be @wanted lines, or none: the number of lines */
int hydropon_count_lines(struct device *dev, const char *name, int wanted);
/* of all that begin with "hydropon," */
int hydropon_refuse_unknown(struct device *dev, const char * const *known, u32 n);

/* evaluate.c: everything is brought up to now. Must hold gateway->lock. */
void hydropon_evaluate(struct hydropon_gateway *gateway, enum hydropon_cause let_go, u64 now_ns);
void hydropon_evaluate_stream(struct hydropon_gateway *gateway, u64 now_ns);
void hydropon_disarm(struct hydropon_gateway *gateway, enum hydropon_cause cause, u64 now_ns);
void hydropon_tell_presence(struct hydropon_gateway *gateway, enum hydropon_kind kind, u32 index,
			    bool present);
void hydropon_tell_fault(struct hydropon_gateway *gateway, u32 output, enum hydropon_fault fault,
			 bool begins, u64 now_ns);

/* contact.c */
int hydropon_contact_get(struct device *dev, struct hydropon_gateway *gateway, const char *name,
			 unsigned int index, struct hydropon_contact *contact);
int hydropon_contact_watch(struct device *dev, struct hydropon_contact *contact,
			   const char *irq_name);
void hydropon_contact_unwatch(struct hydropon_contact *contact);
void hydropon_contact_put(struct hydropon_contact *contact);
bool hydropon_contact_closed(const struct hydropon_contact *contact);
void hydropon_contact_window(struct hydropon_contact *contact);

/* channel.c */
struct hydropon_channel *hydropon_channel_reserve(struct hydropon_gateway *gateway,
						  const char *name, enum hydropon_kind kind);

/* interlocks.c */
u64 hydropon_interlocks_step(struct hydropon_gateway *gateway, u64 now_ns);
int hydropon_interlocks_replace(struct hydropon_gateway *gateway,
				const struct hydropon_interlock *table, u32 n, u32 *bad);

/* output.c; must hold gateway->lock */
u64 hydropon_output_sense(struct hydropon_output *output, u64 now_ns);
u64 hydropon_output_step(struct hydropon_output *output, enum hydropon_cause let_go, u64 now_ns,
			 bool *changed);
int hydropon_output_set(struct hydropon_output *output, const struct hydropon_set *set,
			u64 now_ns);
int hydropon_output_reset(struct hydropon_output *output, u64 now_ns);
u32 hydropon_output_stale_need(const struct hydropon_output *output, u64 now_ns, u64 *next_ns);
void hydropon_output_tell(struct hydropon_output *output, bool on, int status, u64 now_ns);

/* write.c: the line of an output */
bool hydropon_is_single_ended(struct device *dev, const char *property);
int hydropon_output_get_line(struct device *dev, struct hydropon_output *output);
void hydropon_output_put_line(struct device *dev, struct hydropon_output *output);
void hydropon_output_drive(struct hydropon_output *output);
int hydropon_output_line_status(const struct hydropon_output *output);
bool hydropon_output_wait_settled(struct hydropon_output *output, unsigned long until);

/* output-driver.c */
extern struct platform_driver hydropon_output_driver;

/* stream.c */
int hydropon_ring_init(struct hydropon_ring *ring);
void hydropon_ring_free(struct hydropon_ring *ring);
void hydropon_ring_open(struct hydropon_gateway *gateway, u32 first_beat);
void hydropon_ring_drop(struct hydropon_ring *ring);
bool hydropon_ring_push(struct hydropon_gateway *gateway, const struct hydropon_record *record,
			u64 now_ns);
bool hydropon_ring_ready(const struct hydropon_ring *ring, u64 now_ns);
u64 hydropon_ring_step(struct hydropon_gateway *gateway, u64 now_ns);
ssize_t hydropon_ring_read(struct hydropon_gateway *gateway, char __user *to, size_t size);

/* device.c */
extern const struct file_operations hydropon_fops;

#endif /* HYDROPON_GUARD_INTERNAL_H */
