// SPDX-License-Identifier: GPL-2.0-only
/* The driver of an output: what the device tree declares, its coming and going. */
#include <linux/of.h>
#include <linux/slab.h>

#include "guard.h"
#include "compat.h"

#define LEASE_MAX_MS_DEFAULT	2000
#define DAY_MS			86400000U

static int read_safe_state(struct device *dev, bool *safe_on)
{
	const char *text;

	if (!of_find_property(dev->of_node, "hydropon,safe-state", NULL))
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,safe-state: missing; say \"off\" or \"on\"\n");
	if (of_property_count_strings(dev->of_node, "hydropon,safe-state") != 1 ||
	    of_property_read_string(dev->of_node, "hydropon,safe-state", &text))
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,safe-state: not one text; say \"off\" or \"on\"\n");
	*safe_on = !strcmp(text, "on");
	if (!*safe_on && strcmp(text, "off"))
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,safe-state: \"%s\" is neither \"off\" nor \"on\"\n",
				     text);
	return 0;
}

/* Gives the output an index: its old one if it was here before. */
static int output_attach(struct hydropon_output *output)
{
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;
	u32 index;
	int ret = 0;

	mutex_lock(&gateway->table);
	for (index = 0; index < gateway->outputs_n; index++)
		if (!strcmp(gateway->output_names[index], output->name))
			break;
	if (index == HYDROPON_MAX_OUTPUTS)
		ret = -ENOSPC;
	else if (gateway->outputs[index])
		ret = -EEXIST;
	if (ret)
		goto out;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	strscpy(gateway->output_names[index], output->name, HYDROPON_NAME_MAX);
	output->index = index;
	gateway->outputs[index] = output;
	gateway->outputs_n = max(gateway->outputs_n, index + 1);
	hydropon_output_drive(output);
	hydropon_tell_presence(gateway, HYDROPON_KIND_OUTPUT, index, true);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
out:
	mutex_unlock(&gateway->table);
	return ret;
}

static void output_detach(struct hydropon_output *output)
{
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	output->gone = true;
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	hydropon_output_wait_settled(output, jiffies + msecs_to_jiffies(SETTLE_MS));

	mutex_lock(&gateway->table);
	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->outputs[output->index] = NULL;
	hydropon_tell_presence(gateway, HYDROPON_KIND_OUTPUT, output->index, false);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	mutex_unlock(&gateway->table);
}

static int refuse(struct device *dev, const char *property, const char *why)
{
	return dev_err_probe(dev, -EINVAL, "%s: %s\n", property, why);
}

/* Limits describe equipment that is dangerous while it is on: only where off is safe. */
static int read_limits(struct device *dev, struct hydropon_limits *limits)
{
	static const char * const of_off_safe[] = {
		"hydropon,max-on-ms", "hydropon,unlimited-on", "hydropon,min-off-ms",
		"hydropon,budget-ms", "hydropon,budget-window-ms", "hydropon,master",
	};
	u32 max_on_ms, min_off_ms, budget_ms, window_ms;
	bool unlimited;
	int ret;

	for (u32 i = 0; limits->safe_on && i < ARRAY_SIZE(of_off_safe); i++)
		if (device_property_present(dev, of_off_safe[i]))
			return refuse(dev, of_off_safe[i],
				      "only for an output whose hydropon,safe-state is \"off\"");

	ret = hydropon_read_flag(dev, "hydropon,unlimited-on", &unlimited) ?:
	      hydropon_read_ms(dev, "hydropon,max-on-ms", 100, DAY_MS, 0, &max_on_ms) ?:
	      hydropon_read_ms(dev, "hydropon,min-off-ms", 0, 3600000, 0, &min_off_ms) ?:
	      hydropon_read_ms(dev, "hydropon,budget-ms", 10, DAY_MS, 0, &budget_ms) ?:
	      hydropon_read_ms(dev, "hydropon,budget-window-ms", 1000, 7 * DAY_MS, 0, &window_ms);
	if (ret)
		return ret;
	if (!limits->safe_on && !max_on_ms && !unlimited)
		return refuse(dev, "hydropon,max-on-ms",
			      "missing; give the longest time on, or hydropon,unlimited-on");
	if (max_on_ms && unlimited)
		return refuse(dev, "hydropon,unlimited-on",
			      "contradicts hydropon,max-on-ms; keep one of them");
	if (!budget_ms != !window_ms)
		return refuse(dev, budget_ms ? "hydropon,budget-window-ms" : "hydropon,budget-ms",
			      "missing; a budget wants both");
	if (budget_ms && budget_ms >= window_ms)
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,budget-ms: %u is not less than the window of %u\n",
				     budget_ms, window_ms);
	limits->max_on_ns = max_on_ms * (u64)NSEC_PER_MSEC;
	limits->min_off_ns = min_off_ms * (u64)NSEC_PER_MSEC;
	limits->budget_ns = budget_ms * (u64)NSEC_PER_MSEC;
	limits->window_ns = window_ms * (u64)NSEC_PER_MSEC;
	return 0;
}

/* The name of a channel as its node will give it. NULL: the node has no such channel. */
static const char *channel_name(const struct of_phandle_args *need, char *buffer,
				enum hydropon_kind *kind)
{
	const char *name;

	if (of_device_is_compatible(need->np, "hydropon,pulse")) {
		*kind = HYDROPON_KIND_PULSE;
		if (need->args[0] ||
		    snprintf(buffer, HYDROPON_NAME_MAX, "%pOFn", need->np) >= HYDROPON_NAME_MAX)
			return NULL;
		return buffer;
	}
	*kind = HYDROPON_KIND_IIO;
	if (of_property_read_string_index(need->np, "io-channel-names", need->args[0], &name) ||
	    strlen(name) >= HYDROPON_NAME_MAX)
		return NULL;
	return name;
}

static int read_need(struct device *dev, struct hydropon_output *output,
		     const struct of_phandle_args *need)
{
	struct hydropon_need *to = &output->needs[output->needs_n];
	char buffer[HYDROPON_NAME_MAX];
	enum hydropon_kind kind;
	const char *name;

	if (need->np->parent != dev->parent->of_node)
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,needs: %pOFn is no node of the same gateway\n",
				     need->np);
	name = channel_name(need, buffer, &kind);
	if (!name || !*name)
		return dev_err_probe(dev, -EINVAL, "hydropon,needs: %pOFn has no channel %u\n",
				     need->np, need->args[0]);
	if (need->args[1] < 100 || need->args[1] > 3600000)
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,needs: %u ms is not within 100 .. 3600000\n",
				     need->args[1]);
	to->channel = hydropon_channel_reserve(output->gateway, name, kind);
	if (IS_ERR(to->channel))
		return dev_err_probe(dev, PTR_ERR(to->channel),
				     "hydropon,needs: \"%s\" cannot be had: %s\n", name,
				     PTR_ERR(to->channel) == -EEXIST ?
				     "a channel of another kind has this name" :
				     "there are too many channels");
	to->stale_ns = need->args[1] * (u64)NSEC_PER_MSEC;
	to->channel->needed = true;
	output->needs_n++;
	return 0;
}

/* hydropon,needs = <&node INDEX STALE_MS>, ... */
static int read_needs(struct device *dev, struct hydropon_output *output)
{
	static const char name[] = "hydropon,needs";
	const struct property *found = of_find_property(dev->of_node, name, NULL);
	const int triple = 3 * sizeof(u32);
	struct of_phandle_args need;
	int ret;

	if (!found)
		return 0;
	if (found->length > MAX_NEEDS * triple)
		return dev_err_probe(dev, -EINVAL, "%s: more than %u\n", name, MAX_NEEDS);
	if (!found->length || found->length % triple)
		return refuse(dev, name, "must be triples of a node, a channel and milliseconds");
	for (int i = 0; i < found->length / triple; i++) {
		/* A hole is no end: what is not understood may be a protection. And a phandle
		 * of nothing is found without an error.
		 */
		if (of_parse_phandle_with_fixed_args(dev->of_node, name, 2, i, &need) || !need.np)
			return dev_err_probe(dev, -EINVAL, "%s: entry %d is of no node\n", name, i);
		ret = read_need(dev, output, &need);
		of_node_put(need.np);
		if (ret)
			return ret;
	}
	return 0;
}

static int get_switch(struct device *dev, struct hydropon_output *output)
{
	int ret = hydropon_count_lines(dev, "override", 2);

	if (ret <= 0)
		return ret;
	ret = hydropon_contact_get(dev, output->gateway, "override", 0, &output->on_contact);
	if (ret)
		return ret;
	ret = hydropon_contact_get(dev, output->gateway, "override", 1, &output->off_contact);
	if (ret)
		hydropon_contact_put(&output->on_contact);
	return ret;
}

static int get_feedback(struct device *dev, struct hydropon_output *output)
{
	struct gpio_desc *line;
	int ret;

	ret = hydropon_count_lines(dev, "feedback", 1);
	if (ret < 0)
		return ret;
	if (!ret)
		return output->behind_master ?
		       refuse(dev, "hydropon,master", "wants feedback-gpios to tell a weld") : 0;
	line = gpiod_get(dev, "feedback", GPIOD_IN);
	if (IS_ERR(line))
		return dev_err_probe(dev, PTR_ERR(line),
				     "feedback-gpios: cannot get the line: not there, or taken\n");
	if (gpiod_cansleep(line))
		ret = refuse(dev, "feedback-gpios",
			     "a line behind a bus cannot be read in time; use a SoC line");
	else
		ret = hydropon_follow_line(dev, line);
	if (ret)
		gpiod_put(line);
	else
		output->feedback_line = line;
	return ret;
}

static void put_senses(struct hydropon_output *output)
{
	hydropon_contact_put(&output->on_contact);
	hydropon_contact_put(&output->off_contact);
	if (output->feedback_line)
		gpiod_put(output->feedback_line);
}

static void unwatch_switch(struct hydropon_output *output)
{
	hydropon_contact_unwatch(&output->on_contact);
	hydropon_contact_unwatch(&output->off_contact);
}

static int read_declaration(struct device *dev, struct hydropon_output *output)
{
	static const char * const known[] = {
		"hydropon,safe-state", "hydropon,lease-max-ms", "hydropon,shed",
		"hydropon,max-on-ms", "hydropon,unlimited-on", "hydropon,min-off-ms",
		"hydropon,budget-ms", "hydropon,budget-window-ms", "hydropon,master",
		"hydropon,needs",
	};
	int ret;

	ret = hydropon_refuse_unknown(dev, known, ARRAY_SIZE(known)) ?:
	      read_safe_state(dev, &output->limits.safe_on) ?:
	      hydropon_read_ms(dev, "hydropon,lease-max-ms", HYDROPON_LEASE_MIN_MS,
			       HYDROPON_LEASE_MAX_MS, LEASE_MAX_MS_DEFAULT,
			       &output->lease_max_ms) ?:
	      hydropon_read_flag(dev, "hydropon,shed", &output->limits.shed) ?:
	      hydropon_read_flag(dev, "hydropon,master", &output->behind_master);
	if (ret)
		return ret;
	if (output->behind_master && !output->gateway->master_line)
		return refuse(dev, "hydropon,master", "wants master-relay-gpios in the gateway");
	if (snprintf(output->name, sizeof(output->name), "%pOFn", dev->of_node) >=
	    sizeof(output->name))
		return dev_err_probe(dev, -EINVAL, "the name of the node is longer than %zu\n",
				     sizeof(output->name) - 1);
	return read_limits(dev, &output->limits) ?: read_needs(dev, output);
}

/* What its line is first driven to: an output that is declared on and has to be off now
 * never moves. The switch is believed without a debounce.
 */
static void begin(struct hydropon_output *output)
{
	struct hydropon_gateway *gateway = output->gateway;
	struct hydropon_inputs inputs = { .manual = HYDROPON_MANUAL_AUTO };
	unsigned long flags;
	u64 now_ns;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	if (hydropon_contact_closed(&output->off_contact) &&
	    !hydropon_contact_closed(&output->on_contact))
		inputs.manual = HYDROPON_MANUAL_OFF;
	inputs.shedding = gateway->power.shedding;
	output->position.manual = inputs.manual;
	output->state.on = output->limits.safe_on;
	output->state.cause = HYDROPON_CAUSE_PROBE;
	output->state.since_ns = now_ns;
	output->forced_ns = now_ns;
	hydropon_decide(&output->limits, &output->state, &inputs, now_ns);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
}

static int output_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct hydropon_output *output;
	int ret;

	output = kzalloc(sizeof(*output), GFP_KERNEL);
	if (!output)
		return -ENOMEM;
	output->gateway = hydropon_gateway_of_child(dev);
	if (!output->gateway) {
		ret = dev_err_probe(dev, -ENODEV, "not a child of a hydropon,gateway\n");
		goto err_free;
	}
	platform_set_drvdata(pdev, output);

	ret = read_declaration(dev, output);
	if (ret)
		goto err_free;
	ret = get_switch(dev, output) ?: get_feedback(dev, output);
	if (ret)
		goto err_put_senses;
	begin(output);
	ret = hydropon_output_get_line(dev, output);
	if (ret)
		goto err_put_senses;
	ret = output_attach(output);
	if (ret) {
		dev_err_probe(dev, ret, "cannot be added: %s\n",
			      ret == -EEXIST ? "two outputs have this name" : "too many outputs");
		goto err_put_line;
	}
	ret = hydropon_contact_watch(dev, &output->on_contact, output->name) ?:
	      hydropon_contact_watch(dev, &output->off_contact, output->name);
	if (ret)
		goto err_detach;
	return 0;

err_detach:
	output_detach(output);
	unwatch_switch(output);
err_put_line:
	hydropon_output_put_line(dev, output);
err_put_senses:
	put_senses(output);
err_free:
	kfree(output);
	return ret;
}

static HYDROPON_REMOVE_RETURN output_remove(struct platform_device *pdev)
{
	struct hydropon_output *output = platform_get_drvdata(pdev);

	output_detach(output);
	unwatch_switch(output);
	hydropon_output_put_line(&pdev->dev, output);
	put_senses(output);
	kfree(output);
	return HYDROPON_REMOVED;
}

static const struct of_device_id output_of_match[] = {
	{ .compatible = "hydropon,output" },
	{ }
};
MODULE_DEVICE_TABLE(of, output_of_match);

struct platform_driver hydropon_output_driver = {
	.driver = {
		.name = "hydropon-output",
		.of_match_table = output_of_match,
	},
	.probe = output_probe,
	.remove = output_remove,
};
