// SPDX-License-Identifier: GPL-2.0-only
/* hydropon-guard.ko: outputs that go safe without userspace, and the stream. */
#include <linux/module.h>
#include <linux/of.h>
#include <linux/slab.h>

#include "guard.h"

int hydropon_read_ms(struct device *dev, const char *property, u32 min_ms, u32 max_ms,
		     u32 default_ms, u32 *ms)
{
	int ret = of_property_read_u32(dev->of_node, property, ms);

	if (ret == -EINVAL) {
		*ms = default_ms;
		return 0;
	}
	if (ret)
		return dev_err_probe(dev, -EINVAL, "%s: must be one 32-bit number, %u .. %u\n",
				     property, min_ms, max_ms);
	if (*ms < min_ms || *ms > max_ms)
		return dev_err_probe(dev, -EINVAL, "%s: %u is not within %u .. %u\n",
				     property, *ms, min_ms, max_ms);
	return 0;
}

/* Must hold gateway->table. The slot of that name, or the next free one. */
static struct hydropon_channel *channel_slot(struct hydropon_gateway *gateway, const char *name)
{
	struct hydropon_channel *channel;

	for (u32 i = 0; i < gateway->channels_n; i++)
		if (!strcmp(gateway->channels[i]->info.name, name))
			return gateway->channels[i];
	if (gateway->channels_n == HYDROPON_MAX_CHANNELS)
		return ERR_PTR(-ENOSPC);
	channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	if (!channel)
		return ERR_PTR(-ENOMEM);
	channel->gateway = gateway;
	channel->info.index = gateway->channels_n;
	strscpy(channel->info.name, name, sizeof(channel->info.name));
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
	channel = channel_slot(gateway, name);
	if (!IS_ERR(channel) && channel->info.present)
		channel = ERR_PTR(-EEXIST);
	if (IS_ERR(channel))
		goto out;

	kref_get(&gateway->refs);
	raw_spin_lock_irqsave(&gateway->lock, flags);
	channel->info.kind = kind;
	channel->info.interval_ms = interval_ms;
	channel->info.present = true;
	channel->scale.type = 0;
	channel->offset.type = 0;
	channel->scale_untold = false;
	channel->offset_untold = false;
	gateway->channels[channel->info.index] = channel;
	gateway->channels_n = max(gateway->channels_n, channel->info.index + 1);
	hydropon_gateway_tell_presence(gateway, kind, channel->info.index, true);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
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
	hydropon_gateway_tell_presence(gateway, channel->info.kind, channel->info.index, false);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
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
		channel->scale = record;
		channel->scale_untold = true;
	} else if (record.type == HYDROPON_REC_OFFSET) {
		channel->offset = record;
		channel->offset_untold = true;
	}
	push_in_order(channel, &record, now_ns);
	hydropon_gateway_evaluate(gateway, 0, now_ns);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
}
EXPORT_SYMBOL_GPL(hydropon_channel_push);

static struct platform_driver * const drivers[] = {
	&hydropon_gateway_driver,
	&hydropon_output_driver,
};

static int __init guard_init(void)
{
	return platform_register_drivers(drivers, ARRAY_SIZE(drivers));
}

static void __exit guard_exit(void)
{
	platform_unregister_drivers(drivers, ARRAY_SIZE(drivers));
}

module_init(guard_init);
module_exit(guard_exit);

MODULE_DESCRIPTION("Hydropon fail-safe outputs and record stream");
MODULE_LICENSE("GPL");
