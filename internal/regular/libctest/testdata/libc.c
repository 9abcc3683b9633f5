/*
 * Answers questions about patterns with fnmatch(3) and regexec(3) in the C locale, and asks sudo's own library, whose path is
 * the argument, which expressions it takes.
 *
 * A question is one line for the pattern and one for each text: its kind ('g' glob, 'e' ERE, 'i' ERE that ignores case, 's'
 * ERE as sudo compiles it) and flags ('p' FNM_PATHNAME, 'd' FNM_PERIOD, 'c' FNM_CASEFOLD), the number of texts, then pattern
 * and texts, every byte as two hexadecimal digits. The answer is one line: '1' or '0' for each text, or "E" if the pattern is
 * refused.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fnmatch.h>
#include <regex.h>
#include <stdbool.h>
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

int main(int argc, char **argv)
{
	static char head[64], pattern[1 << 15], text[1 << 15];
	bool (*sudo_compile)(void *, const char *, const char **) = NULL;

	if (argc > 1) {
		void *library = dlopen(argv[1], RTLD_NOW);

		if (library != NULL)
			*(void **)&sudo_compile = dlsym(library, "sudo_regex_compile_v1");
		if (sudo_compile == NULL) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
	}

	while (fgets(head, sizeof head, stdin) != NULL) {
		int flags = 0, refused = 0, count = atoi(head + 5);
		regex_t re;

		if (head[1] == 'p')
			flags |= FNM_PATHNAME;
		if (head[2] == 'd')
			flags |= FNM_PERIOD;
		if (head[3] == 'c')
			flags |= FNM_CASEFOLD;
		read_hex(pattern);
		if (head[0] == 's') {
			const char *error;

			refused = sudo_compile == NULL || !sudo_compile(&re, pattern, &error);
		} else if (head[0] != 'g')
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
