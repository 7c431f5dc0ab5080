// SPDX-License-Identifier: GPL-2.0-only
/* Lines of the SoC that the guard follows edge by edge, and masks when they chatter. */
#include "guard.h"

#define EDGES_PER_BEAT	20	/* a contact that bounces stays below */
#define MASKED_BEATS	10

static irqreturn_t contact_edge(int irq, void *data)
{
	struct hydropon_contact *contact = data;
	struct hydropon_gateway *gateway = contact->gateway;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	contact->edge = true;
	if (hydropon_storm_edge(&contact->storm, MASKED_BEATS))
		contact->storming = true;
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return IRQ_HANDLED;
}

/* Must hold gateway->lock. At each beat. */
void hydropon_contact_window(struct hydropon_contact *contact)
{
	if (contact->line)
		contact->storming = hydropon_storm_window(&contact->storm);
}

/* Must hold gateway->lock. A line that chatters says nothing. */
bool hydropon_contact_closed(const struct hydropon_contact *contact)
{
	return contact->line && !contact->storming && gpiod_get_value(contact->line) > 0;
}

/* Gets the line of @name-gpios; leaves contact->line NULL where there is none. */
int hydropon_contact_get(struct device *dev, struct hydropon_gateway *gateway, const char *name,
			 unsigned int index, struct hydropon_contact *contact)
{
	struct gpio_desc *line = gpiod_get_index_optional(dev, name, index, GPIOD_IN);
	int irq, ret;

	if (IS_ERR(line))
		return dev_err_probe(dev, PTR_ERR(line),
				     "%s-gpios: cannot get line %u: not there, or taken\n", name,
				     index);
	if (!line)
		return 0;
	ret = -EINVAL;
	if (gpiod_cansleep(line)) {
		dev_err_probe(dev, ret, "%s-gpios: line %u is behind a bus; use a SoC line\n",
			      name, index);
		goto err_put;
	}
	irq = gpiod_to_irq(line);
	if (irq < 0) {
		ret = dev_err_probe(dev, irq, "%s-gpios: line %u has no interrupt\n", name, index);
		goto err_put;
	}
	ret = hydropon_follow_line(dev, line);
	if (ret)
		goto err_put;
	contact->gateway = gateway;
	contact->name = name;
	contact->line = line;
	hydropon_storm_init(&contact->storm, irq, EDGES_PER_BEAT);
	return 0;

err_put:
	gpiod_put(line);
	return ret;
}

/* From here on its edges are followed. */
int hydropon_contact_watch(struct device *dev, struct hydropon_contact *contact,
			   const char *irq_name)
{
	int ret;

	if (!contact->line)
		return 0;
	ret = request_irq(contact->storm.irq, contact_edge,
			  IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING | IRQF_NO_THREAD, irq_name,
			  contact);
	if (ret)
		return dev_err_probe(dev, ret, "%s-gpios: cannot get the interrupt of its edges\n",
				     contact->name);
	contact->watched = true;
	return 0;
}

/* Nothing calls hydropon_contact_window() any more. */
void hydropon_contact_unwatch(struct hydropon_contact *contact)
{
	if (!contact->watched)
		return;
	hydropon_storm_stop(&contact->storm);
	free_irq(contact->storm.irq, contact);
}

void hydropon_contact_put(struct hydropon_contact *contact)
{
	if (contact->line)
		gpiod_put(contact->line);
	contact->line = NULL;
}
