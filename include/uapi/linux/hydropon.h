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
 *             disarms; interlocks and latches stay.
 *   O_RDONLY  an onlooker. INFO, CHANNEL, OUTPUT and INTERLOCK only; everything
 *             else is -EPERM. Any number of them.
 *   O_WRONLY  -EINVAL.
 *
 * READING (controller only)
 *   read() returns whole 32-byte struct hydropon_record, oldest first, as many
 *   as fit the buffer. -EINVAL if not even one fits. Blocks until the watermark
 *   or the max-latency is reached (see HYDROPON_IOC_STREAM) or an urgent record
 *   (OUTPUT, POWER, CHANNEL, TRIP, MANUAL, FAULT) is there; O_NONBLOCK returns
 *   what there is, and -EAGAIN if there is nothing. poll() says EPOLLIN by the
 *   same rule.
 *   Once the gateway is gone: what is still buffered, then -ENODEV; poll()
 *   says EPOLLHUP.
 *
 *   A full stream drops the newest record, counts it, and puts one LOST record
 *   before the next good one. HYDROPON_RING_RESERVED slots are kept for urgent
 *   records and TIME, so that a flood of samples never hides what an output did.
 *
 * TICKS
 *   Beats, samplers and pulse inputs tick at the multiples of their interval on
 *   CLOCK_BOOTTIME, whenever they were probed: those of one interval, or of a multiple
 *   of it, at the same instant. A sampler reads for the first time at once when it is
 *   probed; a pulse input tells for the first time at its first tick. A reader is woken
 *   once for all that a tick gives if its max-latency is as long as the slowest of those
 *   buses takes, or if its watermark is what a tick gives: a record of each channel, and
 *   a beat. Chips on one bus are read one after another.
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
 * ARMING
 *   After probe each output wants one RESTORE: what the controller has kept of it
 *   durably, its latches and the use of its budget. ARM then allows SET. Closing,
 *   suspending and replacing the interlocks end every lease and disarm; so ARM
 *   again. Reboot, power-off and unbind are terminal: outputs stay safe for good.
 *
 * LEVELS OF AN OUTPUT, strongest first
 *   forced off    a latched weld; a trip of level OFF; shed (mains power is lost and
 *                 the output is in the shed set); its switch at OFF; max-on reached;
 *                 budget spent
 *   forced on     a trip of level ON
 *   safe          a trip of level SAFE
 *   switched on   its switch at ON (hold to run)
 *   leased        the opposite of the declared safe state, while a lease lives
 *   safe          the declared safe state
 * "Off" and "safe" are different things: a leak must stop a circulation pump whose
 * declared safe state is on. A switch at ON passes those trips, and only those, whose
 * interlock has HYDROPON_HOLD_PASSES. What is stronger than a lease ends it, but for the
 * switch at ON; so does a channel in the output's needs that goes stale. A lease begins
 * anew only by a beat from after that.
 *
 * LIMITS OF THE WIRED EQUIPMENT, from the device tree
 *   max-on    longest time on without a pause. When it is over the output is off
 *             until the next command: the controller lets go (SET to the declared
 *             safe state) and sets it again, or somebody presses its switch again.
 *             Nothing else ends that: not the close of the device, a controller that
 *             opens it anew, a replaced interlock table, a suspension, a RESET or a
 *             trip of level ON that begins. While its switch is held at ON, or a trip
 *             of level ON lasts, letting go does not either.
 *   min-off   shortest pause between two leases, counted from probe as well.
 *   budget    most time on within a rolling window, to 1 ms below. An output that
 *             runs out while it is on is latched. Use is counted by the guard and
 *             survives the controller; after probe it counts as spent until RESTORE.
 *             With more than 32 times on within the window the closest ones are joined,
 *             and may count for up to a fifteenth of the window longer.
 *   needs     channels that must have had a good reading within their time.
 *
 * All times are CLOCK_BOOTTIME nanoseconds. All integers are in host order.
 */
#ifndef _UAPI_LINUX_HYDROPON_H
#define _UAPI_LINUX_HYDROPON_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Raised when a structure or the meaning of a field changes. */
#define HYDROPON_ABI_VERSION	2

#define HYDROPON_NAME_MAX	32	/* bytes, the terminating NUL included */
#define HYDROPON_MAX_CHANNELS	64
#define HYDROPON_MAX_OUTPUTS	32
#define HYDROPON_BEAT_MS	100
#define HYDROPON_RING_RESERVED	64	/* slots kept for urgent records */
#define HYDROPON_LEASE_MIN_MS	900
#define HYDROPON_LEASE_MAX_MS	10000	/* upper limit of hydropon,lease-max-ms */
#define HYDROPON_MAX_INTERLOCKS	64
#define HYDROPON_MAX_USES	16	/* entries of one RESTORE */
#define HYDROPON_TIME_MS	10000	/* between two TIME records, if no clock steps */

/**
 * enum hydropon_record_type - what a record tells
 *
 * @HYDROPON_REC_SAMPLE: one reading of an IIO channel. @channel: the channel.
 *	@status: 0 or -errno of the read; value and aux are 0 if it failed.
 *	@value, @aux: val and val2 as IIO gives them, @flags: their
 *	enum hydropon_value_format. @time_ns: when the read began, before any wait
 *	for its bus.
 * @HYDROPON_REC_SCALE: the scale of a channel as IIO gives it, in front of the
 *	first sample that it applies to and whenever it changes. @value, @aux,
 *	@flags as for SAMPLE. For a channel that IIO converts itself the scale
 *	is 1. A reading in the channel's IIO unit is (value + offset) * scale.
 * @HYDROPON_REC_OFFSET: the offset of a channel, in the same way.
 * @HYDROPON_REC_PULSE: the counter of a pulse input at the end of an interval.
 *	@value: edges since the input was probed, modulo 2^32 (read it as
 *	__u32). @aux: time of the last edge, 0 if there was none yet.
 *	@time_ns: when the counter was read. @status: -EOVERFLOW if there were
 *	more edges than hydropon,max-hz allows: the input was masked for the rest
 *	of the interval, and what was not counted nobody knows.
 * @HYDROPON_REC_MISSED: a sampler could not keep its interval. @channel: the
 *	first channel of the node, @value: how many ticks were left out: those that
 *	had passed when it came to read, for as long as a read took, or while the
 *	system slept. Those that follow are where they would have been.
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
 * @HYDROPON_REC_TRIP: an interlock. @channel: the output, @value: 1 it trips, 0 it
 *	does not any more, @flags: its enum hydropon_level, @aux: its id, @status:
 *	-ESTALE if it trips because its channel has no good reading, else 0.
 *	Urgent.
 * @HYDROPON_REC_MANUAL: the switch of an output. @channel: the output, @value: enum
 *	hydropon_manual. Urgent.
 * @HYDROPON_REC_FAULT: something is wrong with the wires. @channel: the output, 0 for
 *	HYDROPON_FAULT_POWER_STORM, @flags: enum hydropon_fault, @value: 1 it
 *	begins, 0 it is over. Urgent.
 * @HYDROPON_REC_TIME: the wall clock. @aux: CLOCK_REALTIME in ns at @time_ns. @value:
 *	1 if it has been set or stepped by more than 1 ms since the last TIME, else
 *	0. At open, every HYDROPON_TIME_MS, and within a beat of a step.
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
	HYDROPON_REC_TRIP = 11,
	HYDROPON_REC_MANUAL = 12,
	HYDROPON_REC_FAULT = 13,
	HYDROPON_REC_TIME = 14,
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
 * @HYDROPON_CAUSE_WELDED: forced off for good: its relay was on without being told so
 * @HYDROPON_CAUSE_TRIP_OFF: forced off by an interlock
 * @HYDROPON_CAUSE_MANUAL_OFF: forced off, its switch is at OFF
 * @HYDROPON_CAUSE_MAX_ON: forced off, it was on for as long as it may be
 * @HYDROPON_CAUSE_BUDGET: forced off, its budget is spent or not restored yet
 * @HYDROPON_CAUSE_TRIP_ON: forced on by an interlock
 * @HYDROPON_CAUSE_TRIP_SAFE: declared safe, held there by an interlock
 * @HYDROPON_CAUSE_MANUAL_ON: on, its switch is at ON
 * @HYDROPON_CAUSE_NEED: safe, a channel that it needs had no good reading
 * @HYDROPON_CAUSE_SUSPEND: safe, the system was suspended
 * @HYDROPON_CAUSE_REPLACED: safe, the interlocks were replaced
 * @HYDROPON_CAUSE_CLEARED: declared safe, what was stronger is over
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
	HYDROPON_CAUSE_WELDED = 9,
	HYDROPON_CAUSE_TRIP_OFF = 10,
	HYDROPON_CAUSE_MANUAL_OFF = 11,
	HYDROPON_CAUSE_MAX_ON = 12,
	HYDROPON_CAUSE_BUDGET = 13,
	HYDROPON_CAUSE_TRIP_ON = 14,
	HYDROPON_CAUSE_TRIP_SAFE = 15,
	HYDROPON_CAUSE_MANUAL_ON = 16,
	HYDROPON_CAUSE_NEED = 17,
	HYDROPON_CAUSE_SUSPEND = 18,
	HYDROPON_CAUSE_REPLACED = 19,
	HYDROPON_CAUSE_CLEARED = 20,
};

/**
 * enum hydropon_manual - the position of an output's switch
 *
 * @HYDROPON_MANUAL_AUTO: neither contact is closed, or there is no switch
 * @HYDROPON_MANUAL_ON: hold to run
 * @HYDROPON_MANUAL_OFF: locked off
 *
 * Both contacts closed, or contacts that chatter, are broken wires: AUTO and a fault.
 */
enum hydropon_manual {
	HYDROPON_MANUAL_AUTO = 0,
	HYDROPON_MANUAL_ON = 1,
	HYDROPON_MANUAL_OFF = 2,
};

/**
 * enum hydropon_fault - what is wrong with the wires
 *
 * @HYDROPON_FAULT_WELDED: the feedback says on for 500 ms while the output is off: a
 *	welded relay, or another master. An output whose safe state is off is latched,
 *	and the master contactor opens if hydropon,master is set.
 * @HYDROPON_FAULT_NOT_CLOSING: the feedback says off for 500 ms while it is on
 * @HYDROPON_FAULT_SWITCH: both contacts of its switch are closed
 * @HYDROPON_FAULT_SWITCH_STORM: the contacts of its switch chatter
 * @HYDROPON_FAULT_POWER_STORM: the power-good line chatters: power counts as lost
 */
enum hydropon_fault {
	HYDROPON_FAULT_WELDED = 1,
	HYDROPON_FAULT_NOT_CLOSING = 2,
	HYDROPON_FAULT_SWITCH = 3,
	HYDROPON_FAULT_SWITCH_STORM = 4,
	HYDROPON_FAULT_POWER_STORM = 5,
};

/**
 * enum hydropon_level - what an interlock does to its output
 *
 * @HYDROPON_LEVEL_OFF: forces it off
 * @HYDROPON_LEVEL_ON: forces it on
 * @HYDROPON_LEVEL_SAFE: holds it at its declared safe state
 */
enum hydropon_level {
	HYDROPON_LEVEL_OFF = 1,
	HYDROPON_LEVEL_ON = 2,
	HYDROPON_LEVEL_SAFE = 3,
};

/*
 * Trips and latches of an output, as bits. For an interlock of level L: 1 << (L - 1),
 * and HYDROPON_TRIP_PASS_SHIFT further up if a switch held at ON passes it.
 */
#define HYDROPON_TRIP_OFF		(1 << 0)
#define HYDROPON_TRIP_ON		(1 << 1)
#define HYDROPON_TRIP_SAFE		(1 << 2)
#define HYDROPON_TRIP_LEVELS		0x7
#define HYDROPON_TRIP_PASS_SHIFT	4
#define HYDROPON_LATCH_WELDED		(1 << 8)
#define HYDROPON_LATCH_BUDGET		(1 << 9)
#define HYDROPON_LATCHES		0x377	/* all of them */

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
 * @master: master contactor: 1 closed, 0 opened because of a weld; 1 if there is none
 * @power_storm: 1 while the power-good line chatters and is masked
 * @interlocks: entries of the table
 * @shed_left_ms: stable power that is still wanted before shedding ends;
 *	0 while power is lost or nothing is shed
 * @records: records written since the controller opened
 * @lost: records dropped since the controller opened, all causes
 * @lost_urgent: of these, urgent ones
 * @reserved: 0
 * @sheds: times outputs were shed since probe
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
	__u8  master;
	__u8  power_storm;
	__u32 shed_left_ms;
	__u32 interlocks;
	__u32 reserved;
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
 * @interval_ms: its sampling interval, see TICKS
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
 * @restored: 1 after its RESTORE
 * @behind_master: 1 if its weld opens the master contactor
 * @manual: enum hydropon_manual
 * @feedback: 1 on, 0 off, 0xff: it has no feedback line
 * @faults: 1 << enum hydropon_fault for each that lasts
 * @reserved: 0
 * @cause: enum hydropon_cause of the last change
 * @line_status: 0: the line is as @on says. -EINPROGRESS: a write to a sleeping
 *	line is under way. Another -errno: the last write failed, and is retried;
 *	what the line is nobody knows
 * @lease_left_ms: rounded up; 0 if there is no lease
 * @trips: HYDROPON_TRIP_* of the interlocks that trip now
 * @latched: HYDROPON_TRIP_* and HYDROPON_LATCH_* that only RESET ends
 * @trip_id: id of the interlock that tripped last
 * @stale_need: index of a channel that it needs and that is stale, or
 *	HYDROPON_NONE
 * @max_on_ms: 0: no limit
 * @min_off_ms: shortest pause between two leases
 * @budget_ms: 0: no budget
 * @budget_window_ms: the window of the budget
 * @budget_left_ms: what is left of it now, rounded down
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
	__u8  restored;
	__u8  behind_master;
	__u8  manual;
	__u8  feedback;
	__u8  faults;
	__u8  reserved[2];
	__u32 cause;
	__s32 line_status;
	__u32 lease_left_ms;
	__u32 trips;
	__u32 latched;
	__u32 trip_id;
	__u32 stale_need;
	__u32 max_on_ms;
	__u32 min_off_ms;
	__u32 budget_ms;
	__u32 budget_window_ms;
	__u32 budget_left_ms;
	__u32 reserved2;
	__u64 changed_ns;
	__u64 changes;
	__u64 refused;
	char  name[HYDROPON_NAME_MAX];
};

#define HYDROPON_NONE		0xffffffffU
#define HYDROPON_NO_FEEDBACK	0xff

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
 * @on equal to the declared safe state: lets go of the lease, and of what max-on
 * holds off. Always accepted while the output is there, also without a lease; @beat
 * and @lease_ms are not looked at.
 *
 * Otherwise holds the output away from safe until beat time + lease. Errors,
 * each of which changes nothing, and is counted where the output is there:
 *   -EINVAL     no such output, @on neither 0 nor 1, or a beat not yet emitted
 *   -ENODEV     the output's device is gone
 *   -EPERM      not armed, or not the controller
 *   -ESHUTDOWN  reboot or power-off has begun
 *   -ERANGE     lease_ms outside its limits, or less than three times
 *               (max_latency_ms + 2 beats)
 *   -ESTALE     beat from before the output's last forced change or reset, or so old
 *               that the lease would be over already
 *   -EBUSY      something stronger holds it: shed, a trip or latch, its switch
 *   -ENODATA    a channel that it needs is stale
 *   -ETIME      max-on was reached: let go of it first
 *   -EDQUOT     its budget is spent
 *   -EAGAIN     min-off is not over yet
 * A beat of an earlier open is one of -EINVAL and -ESTALE. Not restored is -EPERM, like
 * not armed.
 */
struct hydropon_set {
	__u32 output;
	__u32 on;
	__u32 beat;
	__u32 lease_ms;
};

/**
 * struct hydropon_use - a time during which an output was on
 * @ago_ms: how long ago it ended
 * @used_ms: how long it lasted
 */
struct hydropon_use {
	__u32 ago_ms;
	__u32 used_ms;
};

/**
 * struct hydropon_restore - what a controller has kept of an output
 * @output: its index
 * @latched: HYDROPON_LATCHES bits that were not reset
 * @uses_n: entries of @uses, up to HYDROPON_MAX_USES
 * @reserved: 0
 * @uses: use of the budget that the guard does not know of, oldest first. What was
 *	reserved before a power cut counts as used. What is older than the window is
 *	ignored.
 *
 * Once after each probe of an output. Adds to what the guard counts, and takes
 * nothing away. -EALREADY the second time, -EINVAL for bits, numbers, an order or a
 * reserved field that make no sense, -ENODEV if the output's device is gone.
 */
struct hydropon_restore {
	__u32 output;
	__u32 latched;
	__u32 uses_n;
	__u32 reserved;
	struct hydropon_use uses[HYDROPON_MAX_USES];
};

/**
 * enum hydropon_compare - when the condition of an interlock is true
 *
 * @HYDROPON_BELOW: the reading is below the threshold
 * @HYDROPON_ABOVE: the reading is above the threshold
 */
enum hydropon_compare {
	HYDROPON_BELOW = 1,
	HYDROPON_ABOVE = 2,
};

#define HYDROPON_LATCHING	(1 << 0)	/* ends by RESET only */
#define HYDROPON_HOLD_PASSES	(1 << 1)	/* a switch held at ON passes it */
#define HYDROPON_WHILE_OFF	(1 << 2)	/* while_output must be off, not on */

/**
 * struct hydropon_interlock - a rule that the guard enforces by itself
 * @id: the controller's own number for it
 * @channel: whose readings
 * @output: what it trips
 * @while_output: its condition counts only while this output is on (or off, see
 *	HYDROPON_WHILE_OFF); HYDROPON_NONE: always
 * @compare: enum hydropon_compare
 * @level: enum hydropon_level
 * @flags: HYDROPON_LATCHING, HYDROPON_HOLD_PASSES, HYDROPON_WHILE_OFF
 * @hold_ms: the condition must last so long, up to HYDROPON_INTERLOCK_MAX_MS
 * @stale_ms: it trips as well when the channel has had no good reading for so long.
 *	0: a bad reading makes the condition false
 * @release_ms: it ends, if it does not latch, once the condition was false so long
 * @reserved: 0
 * @threshold: of an IIO channel: 10^-9 of its reading before offset and scale; of a
 *	pulse input: 10^-3 Hz
 *
 * A changed scale or offset makes the channel stale for its interlocks until the table
 * is replaced. An interlock on the output that its condition waits for must latch or
 * have a @release_ms of 1000 or more: else it would switch as fast as it can. So must one
 * of several that wait for one another in a circle.
 */
struct hydropon_interlock {
	__u32 id;
	__u32 channel;
	__u32 output;
	__u32 while_output;
	__u8  compare;
	__u8  level;
	__u8  flags;
	__u8  reserved;
	__u32 hold_ms;
	__u32 stale_ms;
	__u32 release_ms;
	__s64 threshold;
};

#define HYDROPON_INTERLOCK_MAX_MS	3600000

/**
 * struct hydropon_interlocks - replaces the whole table
 * @n: entries, up to HYDROPON_MAX_INTERLOCKS; 0 empties the table
 * @bad: out, with -EINVAL: the first entry that makes no sense
 * @entries: address of @n struct hydropon_interlock
 *
 * Ends every lease and disarms. Clears no latch. An entry that stands in the old table
 * as well goes on as it is: a trip that lasts does not pause. -EINVAL changes nothing; so
 * does -ESHUTDOWN, once reboot or power-off has begun.
 */
struct hydropon_interlocks {
	__u32 n;
	__u32 bad;
	__u64 entries;
};

/**
 * struct hydropon_interlock_info - one entry of the table
 * @index: in: which one; -EINVAL past hydropon_info.interlocks
 * @tripping: 1 while it trips
 * @stale: 1 if that is because its channel is stale
 * @reserved: 0
 * @interlock: the entry
 */
struct hydropon_interlock_info {
	__u32 index;
	__u8  tripping;
	__u8  stale;
	__u8  reserved[2];
	struct hydropon_interlock interlock;
};

#define HYDROPON_IOC_MAGIC	0xB9

#define HYDROPON_IOC_INFO	_IOR(HYDROPON_IOC_MAGIC, 0, struct hydropon_info)
#define HYDROPON_IOC_CHANNEL	_IOWR(HYDROPON_IOC_MAGIC, 1, struct hydropon_channel_info)
#define HYDROPON_IOC_OUTPUT	_IOWR(HYDROPON_IOC_MAGIC, 2, struct hydropon_output_info)
#define HYDROPON_IOC_STREAM	_IOW(HYDROPON_IOC_MAGIC, 3, struct hydropon_stream)
#define HYDROPON_IOC_SET	_IOW(HYDROPON_IOC_MAGIC, 4, struct hydropon_set)
/* Allow SET. -ESHUTDOWN once terminal, -EPERM for an onlooker, -EBUSY while the system
 * suspends, -EAGAIN while an output waits for its RESTORE.
 */
#define HYDROPON_IOC_ARM	_IO(HYDROPON_IOC_MAGIC, 5)
#define HYDROPON_IOC_RESTORE	_IOW(HYDROPON_IOC_MAGIC, 6, struct hydropon_restore)
/* Ends the latches of an output, by its index. -EBUSY, which changes nothing, while what
 * latched it lasts: an interlock that trips, a relay that is still on, a budget that is
 * spent. -EINVAL, -ENODEV as for SET.
 */
#define HYDROPON_IOC_RESET	_IOW(HYDROPON_IOC_MAGIC, 7, __u32)
#define HYDROPON_IOC_INTERLOCKS	_IOWR(HYDROPON_IOC_MAGIC, 8, struct hydropon_interlocks)
#define HYDROPON_IOC_INTERLOCK	_IOWR(HYDROPON_IOC_MAGIC, 9, struct hydropon_interlock_info)

#endif /* _UAPI_LINUX_HYDROPON_H */
