/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What hydropon-guard.ko offers to the modules that feed its stream.
 */
#ifndef HYDROPON_GUARD_H
#define HYDROPON_GUARD_H

#include <linux/device.h>
#include <linux/hydropon.h>
#include <linux/math64.h>

struct hydropon_channel;

/**
 * hydropon_channel_add() - announce a channel of a gateway
 * @dev: a child of the gateway; its driver must remove the channel on unbind
 * @name: unique among the channels of the gateway, 1 .. HYDROPON_NAME_MAX - 1 bytes
 * @kind: HYDROPON_KIND_IIO or HYDROPON_KIND_PULSE
 * @interval_ms: for people to read
 *
 * A channel that had been removed gets the index back that it had.
 * Context: may sleep. Return: the channel, or an ERR_PTR: -ENODEV if the parent is
 * no gateway, -EINVAL for the name, -EEXIST if it is taken, -ENOSPC if there are
 * HYDROPON_MAX_CHANNELS names already.
 */
struct hydropon_channel *hydropon_channel_add(struct device *dev, const char *name,
					      enum hydropon_kind kind, u32 interval_ms);

/**
 * hydropon_channel_remove() - take a channel back
 *
 * Nothing must push on it any more. Context: may sleep.
 */
void hydropon_channel_remove(struct hydropon_channel *channel);

/**
 * hydropon_channel_push() - write a record into the stream
 * @channel: whose record it is
 * @record: time_ns, type, flags, status, value and aux; the rest is filled in
 *
 * SCALE and OFFSET are kept, and told again to each controller that opens.
 * Context: any, hard interrupts included.
 */
void hydropon_channel_push(struct hydropon_channel *channel,
			   const struct hydropon_record *record);

/**
 * hydropon_follow() - leave when a supplier leaves, and return when it returns
 * @dev: the consumer, in its probe
 * @supplier: the device that drives its line or reads its channel
 *
 * The driver core makes such links from the device tree, but only for the first
 * device of a node: not after its parent was unbound and bound again.
 * Return: 0, or -EPROBE_DEFER if the supplier is not there any more, or not there yet: its
 * lines can be had before its own probe is over. Should @dev then fail for another reason, the
 * driver core would warn of a consumer whose supplier has no driver.
 */
static inline int hydropon_follow(struct device *dev, struct device *supplier)
{
	struct device_link *link;

	if (!supplier || READ_ONCE(supplier->links.status) != DL_DEV_DRIVER_BOUND)
		return -EPROBE_DEFER;
	link = device_link_add(dev, supplier, DL_FLAG_AUTOPROBE_CONSUMER);
	/* A link to a supplier that is being unbound is made all the same. */
	if (!link || READ_ONCE(link->status) != DL_STATE_CONSUMER_PROBE)
		return -EPROBE_DEFER;
	return 0;
}

/**
 * hydropon_next_tick() - the first tick after a time
 * @after_ns: BOOTTIME
 * @interval_ns: of the sampler, the pulse input or the beats; not 0
 *
 * Ticks are at the multiples of their interval, whenever who has them came. So those of one
 * interval, and those whose interval is a multiple of another's, are due at the same instant,
 * and the reader is woken once for what they give.
 * Context: any.
 */
static inline u64 hydropon_next_tick(u64 after_ns, u64 interval_ns)
{
	return (div64_u64(after_ns, interval_ns) + 1) * interval_ns;
}

#endif /* HYDROPON_GUARD_H */
