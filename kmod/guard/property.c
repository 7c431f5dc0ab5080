// SPDX-License-Identifier: GPL-2.0-only
/* Device-tree properties: what is there and wrong is refused, never read as something else. */
#include <linux/of.h>

#include "guard.h"

int hydropon_read_ms(struct device *dev, const char *property, u32 min_ms, u32 max_ms,
		     u32 default_ms, u32 *ms)
{
	const struct property *found = of_find_property(dev->of_node, property, NULL);

	*ms = default_ms;
	if (!found)
		return 0;
	if (found->length != sizeof(*ms) || of_property_read_u32(dev->of_node, property, ms))
		return dev_err_probe(dev, -EINVAL, "%s: not one number; say %u .. %u\n", property,
				     min_ms, max_ms);
	if (*ms < min_ms || *ms > max_ms)
		return dev_err_probe(dev, -EINVAL, "%s: %u is not within %u .. %u\n",
				     property, *ms, min_ms, max_ms);
	return 0;
}

int hydropon_read_flag(struct device *dev, const char *property, bool *flag)
{
	const struct property *found = of_find_property(dev->of_node, property, NULL);

	*flag = found;
	if (!found || !found->length)
		return 0;
	return dev_err_probe(dev, -EINVAL, "%s: has a value; say it without, or leave it out\n",
			     property);
}

int hydropon_count_lines(struct device *dev, const char *name, int wanted)
{
	int n = gpiod_count(dev, name);

	if (n == -ENOENT)
		return 0;
	if (n == wanted)
		return n;
	return dev_err_probe(dev, -EINVAL, "%s-gpios: %d lines; say %d\n", name, max(n, 0),
			     wanted);
}

/* A limit that is misspelt would limit nothing. */
int hydropon_refuse_unknown(struct device *dev, const char * const *known, u32 n)
{
	const struct property *property;

	/* for_each_property_of_node() is there with CONFIG_OF only, in 6.1 */
	for (property = dev->of_node->properties; property; property = property->next) {
		u32 i = 0;

		if (strncmp(property->name, "hydropon,", strlen("hydropon,")))
			continue;
		while (i < n && strcmp(property->name, known[i]))
			i++;
		if (i == n)
			return dev_err_probe(dev, -EINVAL, "%s: there is no such property\n",
					     property->name);
	}
	return 0;
}
