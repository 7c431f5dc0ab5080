// SPDX-License-Identifier: GPL-2.0-only
/* Channels: what feeds the stream, and what needs and interlocks judge by. */
#include <linux/slab.h>

#include "guard.h"

/* Must hold gateway->table. The slot of that name, or the next free one. A name keeps its
 * kind: interlocks that know the one would misread the other.
 */
static struct hydropon_channel *channel_slot(struct hydropon_gateway *gateway, const char *name,
					     enum hydropon_kind kind)
{
	struct hydropon_channel *channel;

	for (u32 i = 0; i < gateway->channels_n; i++) {
		channel = gateway->channels[i];
		if (!strcmp(channel->info.name, name))
			return channel->info.kind == kind ? channel : ERR_PTR(-EEXIST);
	}
	if (gateway->channels_n == HYDROPON_MAX_CHANNELS)
		return ERR_PTR(-ENOSPC);
	channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	if (!channel)
		return ERR_PTR(-ENOMEM);
	channel->gateway = gateway;
	channel->info.kind = kind;
	channel->info.index = gateway->channels_n;
	strscpy(channel->info.name, name, sizeof(channel->info.name));
	return channel;
}

/* A channel that an output needs has its index before its device is there. ERR_PTR: -EEXIST if
 * the name is of a channel of the other kind, -ENOSPC, -ENOMEM.
 */
struct hydropon_channel *hydropon_channel_reserve(struct hydropon_gateway *gateway,
						  const char *name, enum hydropon_kind kind)
{
	struct hydropon_channel *channel;
	unsigned long flags;

	mutex_lock(&gateway->table);
	channel = channel_slot(gateway, name, kind);
	if (!IS_ERR(channel) && channel->info.index == gateway->channels_n) {
		raw_spin_lock_irqsave(&gateway->lock, flags);
		gateway->channels[gateway->channels_n++] = channel;
		raw_spin_unlock_irqrestore(&gateway->lock, flags);
	}
	mutex_unlock(&gateway->table);
	return channel;
}

struct hydropon_channel *hydropon_channel_add(struct device *dev, const char *name,
					      enum hydropon_kind kind, u32 interval_ms)
{
	struct hydropon_gateway *gateway = hydropon_gateway_of_child(dev);
	struct hydropon_channel *channel;
	unsigned long flags;

	if (!gateway)
		return ERR_PTR(-ENODEV);
	if (!*name || strlen(name) >= HYDROPON_NAME_MAX)
		return ERR_PTR(-EINVAL);

	mutex_lock(&gateway->table);
	channel = channel_slot(gateway, name, kind);
	if (!IS_ERR(channel) && channel->info.present)
		channel = ERR_PTR(-EEXIST);
	if (IS_ERR(channel))
		goto out;

	kref_get(&gateway->refs);
	raw_spin_lock_irqsave(&gateway->lock, flags);
	channel->info.interval_ms = interval_ms;
	channel->info.present = true;
	channel->scale.type = 0;
	channel->offset.type = 0;
	channel->scale_untold = false;
	channel->offset_untold = false;
	channel->counted = false;
	channel->reading.good = false;
	gateway->channels[channel->info.index] = channel;
	gateway->channels_n = max(gateway->channels_n, channel->info.index + 1);
	hydropon_tell_presence(gateway, kind, channel->info.index, true);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
out:
	mutex_unlock(&gateway->table);
	return channel;
}
EXPORT_SYMBOL_GPL(hydropon_channel_add);

void hydropon_channel_remove(struct hydropon_channel *channel)
{
	struct hydropon_gateway *gateway = channel->gateway;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	channel->info.present = false;
	channel->reading.good = false;
	hydropon_tell_presence(gateway, channel->info.kind, channel->info.index, false);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	hydropon_gateway_put(gateway);
}
EXPORT_SYMBOL_GPL(hydropon_channel_remove);

/* Must hold gateway->lock. A sample without its scale would be a wrong number: where scale
 * or offset do not fit the stream, what they apply to is lost with them.
 */
static void push_in_order(struct hydropon_channel *channel, const struct hydropon_record *record,
			  u64 now_ns)
{
	struct hydropon_gateway *gateway = channel->gateway;

	if (channel->scale_untold)
		channel->scale_untold = !hydropon_ring_push(gateway, &channel->scale, now_ns);
	if (channel->offset_untold)
		channel->offset_untold = !hydropon_ring_push(gateway, &channel->offset, now_ns);
	if (record->type == HYDROPON_REC_SCALE || record->type == HYDROPON_REC_OFFSET)
		return;
	if (channel->scale_untold || channel->offset_untold)
		hydropon_ring_drop(&gateway->ring);
	else
		hydropon_ring_push(gateway, record, now_ns);
}

/* Must hold gateway->lock. A factor is compared with that of before the device left too. */
static void take_factor(struct hydropon_channel *channel, struct hydropon_record *factor,
			const struct hydropon_record *record)
{
	if (factor->time_ns && (factor->flags != record->flags || factor->value != record->value ||
				factor->aux != record->aux))
		channel->reading.changed = true;
	*factor = *record;
}

/* Must hold gateway->lock. Edges since the record before; what was not counted makes the
 * rate unknown until the next two.
 */
static void take_pulses(struct hydropon_channel *channel, const struct hydropon_record *record)
{
	if (channel->counted && !record->status)
		hydropon_reading_pulse(&channel->reading, (u32)record->value - channel->edges,
				       record->aux, channel->last_edge_ns, record->time_ns);
	else
		channel->reading.good = false;
	channel->counted = !record->status;
	channel->edges = record->value;
	channel->last_edge_ns = record->aux;
}

static void take_sample(struct hydropon_channel *channel, const struct hydropon_record *record)
{
	channel->reading.good = !record->status &&
				hydropon_reading_is_number(record->flags, record->aux);
	if (!channel->reading.good)
		return;
	channel->reading.good_ns = record->time_ns;
	channel->reading.value = hydropon_reading_value(record->flags, record->value, record->aux);
}

void hydropon_channel_push(struct hydropon_channel *channel,
			   const struct hydropon_record *proto)
{
	struct hydropon_gateway *gateway = channel->gateway;
	struct hydropon_record record = *proto;
	unsigned long flags;
	u64 now_ns;

	record.channel = channel->info.index;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	channel->info.records++;
	channel->info.errors += record.status != 0;
	if (record.type == HYDROPON_REC_SCALE) {
		take_factor(channel, &channel->scale, &record);
		channel->scale_untold = true;
	} else if (record.type == HYDROPON_REC_OFFSET) {
		take_factor(channel, &channel->offset, &record);
		channel->offset_untold = true;
	} else if (record.type == HYDROPON_REC_PULSE) {
		take_pulses(channel, &record);
	} else if (record.type == HYDROPON_REC_SAMPLE) {
		take_sample(channel, &record);
	}
	push_in_order(channel, &record, now_ns);
	if (channel->needed || channel->interlocked)
		hydropon_evaluate(gateway, 0, now_ns);
	else
		hydropon_evaluate_stream(gateway, now_ns);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
}
EXPORT_SYMBOL_GPL(hydropon_channel_push);

