/* Charts as inline SVG, of whole numbers only. Never says by colour alone what the text does not.
 */
#include <stdio.h>
#include <string.h>

#include "site.h"

/* Units of the image; a phone shows about one for each of its pixels. */
enum { WIDTH = 360, HEIGHT = 150, TOP = 18, BASE = 130, BAR_MOST = 44, LABELS_MOST = 6 };
enum { LABEL_SIZE = 12 }; /* characters of a label that fit below a column */

void site_size_text(long long bytes, char text[32])
{
	static const char *const units[] = {"KiB", "MiB", "GiB"};
	long long unit = 1024;
	size_t i = 0;

	if (bytes < 1024) {
		snprintf(text, 32, "%lld bytes", bytes);
		return;
	}
	while (i < 2 && bytes >= unit * 1024) {
		unit *= 1024;
		i++;
	}
	snprintf(text, 32, "%lld.%02lld %s", bytes / unit, bytes % unit * 100 / unit, units[i]);
}

/* How many bytes of a label fit, no character in two. */
static int fitting(const char *label)
{
	size_t characters = 0;
	int size = 0;

	for (; label[size]; size++)
		if (((unsigned char)label[size] & 0xc0) != 0x80 && ++characters > LABEL_SIZE)
			break;
	return size;
}

/* Where a text begins, is centred, or ends. */
static const char *const anchors[] = {"start", "middle", "end"};

static void put_text(struct html *html, long long x, long long y, size_t anchor, const char *text)
{
	cleanup_free char *part = strndup(text, (size_t)fitting(text));

	html_put(html, "<text x=\"%lld\" y=\"%lld\" text-anchor=\"%s\">%s%s</text>", x, y,
		 anchors[anchor], part, part && text[strlen(part)] ? "\xe2\x80\xa6" : "");
}

/* The i-th of count columns; most is the highest value. */
static void put_column(struct html *html, const struct column *columns, size_t i, size_t count,
		       long long most)
{
	const struct column *column = &columns[i];
	long long step = WIDTH / (long long)count;
	long long width = step * 3 / 4 < BAR_MOST ? step * 3 / 4 : BAR_MOST;
	long long height = column->value * (BASE - TOP) / most;
	long long x = step * (long long)i + step / 2;
	size_t anchor = count <= LABELS_MOST ? 1 : i == 0 ? 0 : 2;

	html_put(html, "<g><title>%s: %s</title>", column->label, column->text);
	html_put(html,
		 "<rect class=\"bar\" x=\"%lld\" y=\"%lld\" width=\"%lld\" height=\"%lld\" "
		 "rx=\"2\"/>",
		 x - width / 2, (long long)BASE - height, width, height);
	/* Of many columns only the ends have room for words. */
	if (anchor == 1 || i == 0 || i == count - 1) {
		x += ((long long)anchor - 1) * width / 2;
		put_text(html, x, BASE - height - 5, anchor, column->text);
		put_text(html, x, BASE + 14, anchor, column->label);
	}
	html_put(html, "</g>\n");
}

void site_chart(struct html *html, const char *title, const struct column *columns, size_t count)
{
	long long most = 1;

	for (size_t i = 0; i < count; i++)
		if (columns[i].value > most)
			most = columns[i].value;
	html_put(html,
		 "<figure><svg viewBox=\"0 0 %lld %lld\" role=\"img\" aria-label=\"%s\">\n"
		 "<line class=\"base\" x1=\"0\" y1=\"%lld\" x2=\"%lld\" y2=\"%lld\"/>\n",
		 (long long)WIDTH, (long long)HEIGHT, title, (long long)BASE, (long long)WIDTH,
		 (long long)BASE);
	for (size_t i = 0; i < count; i++)
		if (columns[i].value >= 0)
			put_column(html, columns, i, count, most);
	html_put(html, "</svg>\n<figcaption>%s</figcaption></figure>\n", title);
}
