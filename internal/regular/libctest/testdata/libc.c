/*
 * Answers questions about patterns with fnmatch(3) and regexec(3) in the C locale.
 *
 * A question is one line for the pattern and one for each text: its kind ('g' glob, 'e' ERE, 'i' ERE that ignores case) and
 * flags ('p' FNM_PATHNAME, 'd' FNM_PERIOD), the number of texts, then pattern and texts, every byte as two hexadecimal
 * digits. The answer is one line: '1' or '0' for each text, or "E" if regcomp refuses the pattern.
 */
#include <fnmatch.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char line[1 << 16];

static unsigned digit(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static char *read_hex(char *text)
{
	size_t n = 0;

	if (fgets(line, sizeof line, stdin) == NULL)
		exit(1);
	for (; line[2 * n] > ' '; n++)
		text[n] = (char)(digit(line[2 * n]) << 4 | digit(line[2 * n + 1]));
	text[n] = '\0';
	return text;
}

int main(void)
{
	static char head[64], pattern[1 << 15], text[1 << 15];

	while (fgets(head, sizeof head, stdin) != NULL) {
		int flags = 0, refused = 0, count = atoi(head + 4);
		regex_t re;

		if (head[1] == 'p')
			flags |= FNM_PATHNAME;
		if (head[2] == 'd')
			flags |= FNM_PERIOD;
		read_hex(pattern);
		if (head[0] != 'g')
			refused = regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB | (head[0] == 'i' ? REG_ICASE : 0)) != 0;
		for (int i = 0; i < count; i++) {
			int matches;

			read_hex(text);
			if (refused)
				continue;
			matches = head[0] == 'g' ? fnmatch(pattern, text, flags) == 0 : regexec(&re, text, 0, NULL, 0) == 0;
			putchar(matches ? '1' : '0');
		}
		if (refused)
			putchar('E');
		else if (head[0] != 'g')
			regfree(&re);
		putchar('\n');
		fflush(stdout);
	}
	return 0;
}
