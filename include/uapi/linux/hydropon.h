/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * Hydropon: acquisition and fail-safe outputs of a hydroponic gateway.
 *
 * One character device per gateway, /dev/hydropon0 and up.
 *
 * OPENING
 *   O_RDWR    the controller. One at a time; a second one gets -EBUSY. Opening
 *             empties the record stream, restarts seq at 0 and starts beats at
 *             a random number. The last close expires every lease at once and
 *             disarms.
 *   O_RDONLY  an onlooker. INFO, CHANNEL and OUTPUT only; everything else is
 *             -EPERM. Any number of them.
 *   O_WRONLY  -EINVAL.
 *
 * READING (controller only)
 *   read() returns whole 32-byte struct hydropon_record, oldest first, as many
 *   as fit the buffer. -EINVAL if not even one fits. Blocks until the watermark
 *   or the max-latency is reached (see HYDROPON_IOC_STREAM) or an urgent record
 *   (OUTPUT, POWER, CHANNEL) is there; O_NONBLOCK returns what there is, and
 *   -EAGAIN if there is nothing. poll() says EPOLLIN by the same rule.
 *   Once the gateway is gone: what is still buffered, then -ENODEV; poll()
 *   says EPOLLHUP.
 *
 *   A full stream drops the newest record, counts it, and puts one LOST record
 *   before the next good one. HYDROPON_RING_RESERVED slots are kept for urgent
 *   records, so that a flood of samples never hides what an output did.
 *
 * BEATS AND LEASES
 *   Every HYDROPON_BEAT_MS the guard writes a BEAT record into the stream. It
 *   carries a number that is found nowhere else. An output is away from its
 *   declared safe state only while a lease lives, and a lease is renewed by
 *   naming the newest beat that has been read and judged:
 *
 *       expiry = max(expiry, time of the beat + lease_ms)
 *
 *   A controller that hangs, or that is busy with an old backlog, names old
 *   beats or none, and the output goes safe by itself. A beat is a proof that
 *   the stream is being read in order, not that the verdict is right.
 *
 * LEVELS OF AN OUTPUT, strongest first
 *   shed    forced off: mains power is lost and the output is in the shed set
 *   leased  the opposite of the declared safe state, while a lease lives
 *   safe    the declared safe state
 *
 * All times are CLOCK_BOOTTIME nanoseconds. All integers are in host order.
 */
#ifndef _UAPI_LINUX_HYDROPON_H
#define _UAPI_LINUX_HYDROPON_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised when a structure or the meaning of a field changes. */
#define HYDROPON_ABI_VERSION	1

#define HYDROPON_NAME_MAX	32	/* bytes, the terminating NUL included */
#define HYDROPON_MAX_CHANNELS	64
#define HYDROPON_MAX_OUTPUTS	32
#define HYDROPON_BEAT_MS	100
#define HYDROPON_RING_RESERVED	64	/* slots kept for urgent records */
#define HYDROPON_LEASE_MIN_MS	900
#define HYDROPON_LEASE_MAX_MS	10000	/* upper limit of hydropon,lease-max-ms */

/**
 * enum hydropon_record_type - what a record tells
 *
 * @HYDROPON_REC_SAMPLE: one reading of an IIO channel. @channel: the channel.
 *	@status: 0 or -errno of the read; value and aux are 0 if it failed.
 *	@value, @aux: val and val2 as IIO gives them, @flags: their
 *	enum hydropon_value_format. @time_ns: when the read began.
 * @HYDROPON_REC_SCALE: the scale of a channel as IIO gives it, in front of the
 *	first sample that it applies to and whenever it changes. @value, @aux,
 *	@flags as for SAMPLE. For a channel that IIO converts itself the scale
 *	is 1. A reading in the channel's IIO unit is (value + offset) * scale.
 * @HYDROPON_REC_OFFSET: the offset of a channel, in the same way.
 * @HYDROPON_REC_PULSE: the counter of a pulse input at the end of an interval.
 *	@value: edges since the input was probed, modulo 2^32 (read it as
 *	__u32). @aux: time of the last edge, 0 if there was none yet.
 *	@time_ns: when the counter was read.
 * @HYDROPON_REC_MISSED: a sampler could not keep its interval. @channel: the
 *	first channel of the node, @value: how many ticks were left out.
 * @HYDROPON_REC_BEAT: @value: the beat (read it as __u32). @time_ns: its time.
 * @HYDROPON_REC_OUTPUT: an output changed, or writes to its line began to fail or
 *	to succeed. @channel: the output, @value: 1 on, 0 off, as decided or as
 *	written, @aux: enum hydropon_cause, @status: 0, or -errno of the newest
 *	write that has ended, to a line behind a bus. Urgent.
 * @HYDROPON_REC_POWER: mains power. @value: 1 good, 0 lost,
 *	@aux: 1 while outputs are shed, else 0. A line that chatters is told once
 *	a beat. Urgent.
 * @HYDROPON_REC_CHANNEL: a channel or an output came or went. @channel: its
 *	index, @flags: enum hydropon_kind, @value: 1 present, 0 gone. Urgent.
 * @HYDROPON_REC_LOST: @value: how many records were dropped here, because the
 *	reader was too slow.
 */
enum hydropon_record_type {
	HYDROPON_REC_SAMPLE = 1,
	HYDROPON_REC_SCALE = 2,
	HYDROPON_REC_OFFSET = 3,
	HYDROPON_REC_PULSE = 4,
	HYDROPON_REC_MISSED = 5,
	HYDROPON_REC_BEAT = 6,
	HYDROPON_REC_OUTPUT = 7,
	HYDROPON_REC_POWER = 8,
	HYDROPON_REC_CHANNEL = 9,
	HYDROPON_REC_LOST = 10,
};

/**
 * enum hydropon_value_format - how value and aux make one number
 *
 * @HYDROPON_VAL_INT: value
 * @HYDROPON_VAL_MICRO: value + aux / 10^6
 * @HYDROPON_VAL_NANO: value + aux / 10^9
 * @HYDROPON_VAL_FRACTION: value / aux
 * @HYDROPON_VAL_FRACTION_LOG2: value / 2^aux
 *
 * For MICRO and NANO the number is negative if either part is.
 */
enum hydropon_value_format {
	HYDROPON_VAL_INT = 0,
	HYDROPON_VAL_MICRO = 1,
	HYDROPON_VAL_NANO = 2,
	HYDROPON_VAL_FRACTION = 3,
	HYDROPON_VAL_FRACTION_LOG2 = 4,
};

/**
 * enum hydropon_kind - what an index counts
 *
 * @HYDROPON_KIND_IIO: a channel read through IIO
 * @HYDROPON_KIND_PULSE: a pulse input
 * @HYDROPON_KIND_OUTPUT: an output; these have indices of their own
 */
enum hydropon_kind {
	HYDROPON_KIND_IIO = 1,
	HYDROPON_KIND_PULSE = 2,
	HYDROPON_KIND_OUTPUT = 3,
};

/**
 * enum hydropon_cause - why an output is as it is
 *
 * @HYDROPON_CAUSE_PROBE: declared safe, since the output was probed
 * @HYDROPON_CAUSE_LEASE: away from safe under a lease
 * @HYDROPON_CAUSE_RELEASED: safe, the controller asked for it
 * @HYDROPON_CAUSE_EXPIRED: safe, the lease was not renewed
 * @HYDROPON_CAUSE_CLOSED: safe, the controller closed the device or died
 * @HYDROPON_CAUSE_SHED: forced off, mains power lost
 * @HYDROPON_CAUSE_RESTORED: declared safe, mains power is back
 * @HYDROPON_CAUSE_SHUTDOWN: safe for good, reboot or power-off has begun
 * @HYDROPON_CAUSE_UNBIND: safe for good, the driver lets go of the line
 */
enum hydropon_cause {
	HYDROPON_CAUSE_PROBE = 0,
	HYDROPON_CAUSE_LEASE = 1,
	HYDROPON_CAUSE_RELEASED = 2,
	HYDROPON_CAUSE_EXPIRED = 3,
	HYDROPON_CAUSE_CLOSED = 4,
	HYDROPON_CAUSE_SHED = 5,
	HYDROPON_CAUSE_RESTORED = 6,
	HYDROPON_CAUSE_SHUTDOWN = 7,
	HYDROPON_CAUSE_UNBIND = 8,
};

/**
 * struct hydropon_record - one entry of the stream, 32 bytes
 * @time_ns: BOOTTIME of the measurement or event
 * @seq: position in the stream, dense from 0 at open, modulo 2^32; a dropped
 *	record takes none, so that seq never jumps: LOST is what tells
 * @channel: channel or output index, 0 where the type has none
 * @type: enum hydropon_record_type
 * @flags: by type
 * @status: 0 or -errno
 * @value: by type
 * @aux: by type
 */
struct hydropon_record {
	__u64 time_ns;
	__u32 seq;
	__u16 channel;
	__u8  type;
	__u8  flags;
	__s32 status;
	__s32 value;
	__s64 aux;
};

/**
 * struct hydropon_info - the gateway as a whole
 * @abi_version: HYDROPON_ABI_VERSION of the running module
 * @beat_ms: HYDROPON_BEAT_MS of the running module
 * @channels: channel indices are 0 .. channels - 1; some may be gone
 * @outputs: output indices are 0 .. outputs - 1; some may be gone
 * @ring_records: slots of the stream
 * @armed: 1 after ARM, 0 before and after the last close
 * @terminal: 1 once reboot or power-off has begun: outputs stay safe for good
 * @has_power_good: 1 if the gateway has a power-good line
 * @power_good: 1 if mains power is good, or if there is no such line
 * @shedding: 1 while outputs of the shed set are forced off
 * @controlled: 1 while a controller has the device open
 * @reserved: 0
 * @shed_left_ms: stable power that is still wanted before shedding ends;
 *	0 while power is lost or nothing is shed
 * @records: records written since the controller opened
 * @lost: records dropped since the controller opened, all causes
 * @lost_urgent: of these, urgent ones (OUTPUT, POWER, CHANNEL)
 * @sheds: times mains power was lost since probe
 */
struct hydropon_info {
	__u32 abi_version;
	__u32 beat_ms;
	__u32 channels;
	__u32 outputs;
	__u32 ring_records;
	__u8  armed;
	__u8  terminal;
	__u8  has_power_good;
	__u8  power_good;
	__u8  shedding;
	__u8  controlled;
	__u8  reserved[2];
	__u32 shed_left_ms;
	__u64 records;
	__u64 lost;
	__u64 lost_urgent;
	__u64 sheds;
};

/**
 * struct hydropon_channel_info - one channel
 * @index: in: which one; -EINVAL past hydropon_info.channels
 * @kind: enum hydropon_kind
 * @present: 0 if its device is gone; it keeps its index for when it returns
 * @interval_ms: its sampling interval
 * @records: records it has given since the gateway was probed
 * @errors: of these, failed reads
 * @name: from io-channel-names, or the name of the pulse node
 */
struct hydropon_channel_info {
	__u32 index;
	__u32 kind;
	__u32 present;
	__u32 interval_ms;
	__u64 records;
	__u64 errors;
	char  name[HYDROPON_NAME_MAX];
};

/**
 * struct hydropon_output_info - one output
 * @index: in: which one; -EINVAL past hydropon_info.outputs
 * @lease_max_ms: longest lease that SET takes
 * @present: 0 if its device is gone
 * @safe_on: the declared safe state: 1 on, 0 off
 * @shed: 1 if it is forced off while mains power is lost
 * @sleeping: 1 if its line is written by a thread: behind a bus, or open-drain
 * @on: 1 on, 0 off: what the guard has decided; on a sleeping line the write
 *	may still be under way
 * @reserved: 0
 * @cause: enum hydropon_cause of the last change
 * @line_status: 0: the line is as @on says. -EINPROGRESS: a write to a sleeping
 *	line is under way. Another -errno: the last write failed, and is retried;
 *	what the line is nobody knows
 * @lease_left_ms: rounded up; 0 if there is no lease
 * @changed_ns: BOOTTIME of the last change
 * @changes: changes since probe
 * @refused: SETs of this output refused since probe
 * @name: the name of the node
 */
struct hydropon_output_info {
	__u32 index;
	__u32 lease_max_ms;
	__u8  present;
	__u8  safe_on;
	__u8  shed;
	__u8  sleeping;
	__u8  on;
	__u8  reserved[3];
	__u32 cause;
	__s32 line_status;
	__u32 lease_left_ms;
	__u32 reserved2;
	__u64 changed_ns;
	__u64 changes;
	__u64 refused;
	char  name[HYDROPON_NAME_MAX];
};

/**
 * struct hydropon_stream - when a reader is woken
 * @watermark: this many records, 1 .. ring_records / 2
 * @max_latency_ms: or when the oldest unread record is this old, 1 .. 10000
 *
 * After open: watermark 32, max_latency_ms 50. -ERANGE outside the limits.
 */
struct hydropon_stream {
	__u32 watermark;
	__u32 max_latency_ms;
};

/**
 * struct hydropon_set - renew a lease, or let go
 * @output: its index
 * @on: 1 on, 0 off
 * @beat: the newest beat that was read and judged
 * @lease_ms: HYDROPON_LEASE_MIN_MS .. hydropon_output_info.lease_max_ms
 *
 * @on equal to the declared safe state: lets go of the lease. Always accepted
 * while the output is there; @beat and @lease_ms are not looked at.
 *
 * Otherwise holds the output away from safe until beat time + lease. Errors,
 * each of which changes nothing, and is counted where the output is there:
 *   -EINVAL     no such output, @on neither 0 nor 1, or a beat not yet emitted
 *   -ENODEV     the output's device is gone
 *   -EPERM      not armed, or not the controller
 *   -ESHUTDOWN  reboot or power-off has begun
 *   -ERANGE     lease_ms outside its limits, or less than three times
 *               (max_latency_ms + 2 beats)
 *   -ESTALE     beat from before the output's last forced change, or so old
 *               that the lease would be over already
 *   -EBUSY      the output is shed; it stays off until power has been stable
 * A beat of an earlier open is one of -EINVAL and -ESTALE.
 */
struct hydropon_set {
	__u32 output;
	__u32 on;
	__u32 beat;
	__u32 lease_ms;
};

#define HYDROPON_IOC_MAGIC	0xB9

#define HYDROPON_IOC_INFO	_IOR(HYDROPON_IOC_MAGIC, 0, struct hydropon_info)
#define HYDROPON_IOC_CHANNEL	_IOWR(HYDROPON_IOC_MAGIC, 1, struct hydropon_channel_info)
#define HYDROPON_IOC_OUTPUT	_IOWR(HYDROPON_IOC_MAGIC, 2, struct hydropon_output_info)
#define HYDROPON_IOC_STREAM	_IOW(HYDROPON_IOC_MAGIC, 3, struct hydropon_stream)
#define HYDROPON_IOC_SET	_IOW(HYDROPON_IOC_MAGIC, 4, struct hydropon_set)
/* Allow SET. -ESHUTDOWN once terminal, -EPERM for an onlooker. */
#define HYDROPON_IOC_ARM	_IO(HYDROPON_IOC_MAGIC, 5)

#endif /* _UAPI_LINUX_HYDROPON_H */
