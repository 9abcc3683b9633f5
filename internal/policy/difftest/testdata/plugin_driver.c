/*
 * plugin_driver asks the sudoers plug-in of a distribution for decisions, through
 * the public plug-in interface of sudo_plugin(5): each group of questions costs one reading of the
 * policy and each question one fork, where sudo -l costs a process and a reading
 * for every question.
 *
 * Usage: plugin_driver sudoers.so policy-file < questions > answers
 *
 * A question file is a list of groups. A group is a list of strings, each a
 * length of four bytes (little-endian) and so many bytes:
 *
 *   policy text, user to ask about, invoking user, uid, gid, group ids
 *   separated by commas, host name,
 *   network addresses, run-as user, run-as group, number of command lines
 *   (decimal), then per command line the number of words and the words.
 *
 * An empty run-as user or group is not given; an empty user to ask about means
 * that the invoking user is about to run the command. If the first command line is one of
 * sudoedit, all of the group are: sudo knows before it reads the policy. The answer to a group is one line
 * with one character per command line: 1 allowed, 0 not allowed, E error, X the
 * plug-in crashed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The part of struct policy_plugin that is used, from sudo_plugin(5). */
struct policy_plugin {
	unsigned int type;
	unsigned int version;
	int (*open)(unsigned int version, void *conversation, void *print, char *const settings[], char *const user_info[],
	    char *const user_env[], char *const plugin_options[], const char **errstr);
	void (*close)(int exit_status, int error);
	int (*show_version)(int verbose);
	int (*check_policy)(int argc, char *const argv[], char *env_add[], char **command_info[], char **argv_out[],
	    char **user_env_out[], const char **errstr);
	int (*list)(int argc, char *const argv[], int verbose, const char *user, const char **errstr);
};

#define API_VERSION ((1U << 16) | 15U)

static int conversation(int n, const void *messages, void *replies, void *callback)
{
	(void)n, (void)messages, (void)replies, (void)callback;
	return -1;
}

static int verbose;

static int print(int type, const char *format, ...)
{
	(void)type;
	if (verbose) {
		va_list ap;
		va_start(ap, format);
		vfprintf(stderr, format, ap);
		va_end(ap);
	}
	return 1;
}

static unsigned char *input;
static size_t input_size, input_at;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void read_all(void)
{
	size_t room = 1 << 20;
	input = malloc(room);
	for (;;) {
		if (input == NULL)
			die("malloc");
		ssize_t n = read(0, input + input_size, room - input_size);
		if (n < 0)
			die("read");
		if (n == 0)
			return;
		input_size += (size_t)n;
		if (input_size == room)
			input = realloc(input, room *= 2);
	}
}

static char *next_string(size_t *length)
{
	if (input_size - input_at < 4) {
		fputs("questions end too early\n", stderr);
		exit(2);
	}
	size_t n = input[input_at] | (size_t)input[input_at + 1] << 8 | (size_t)input[input_at + 2] << 16 | (size_t)input[input_at + 3] << 24;
	input_at += 4;
	if (input_size - input_at < n) {
		fputs("questions end too early\n", stderr);
		exit(2);
	}
	char *s = malloc(n + 1);
	if (s == NULL)
		die("malloc");
	memcpy(s, input + input_at, n);
	s[n] = '\0';
	input_at += n;
	if (length != NULL)
		*length = n;
	return s;
}

static int number(const char *s)
{
	int n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}

static char *setting(const char *name, const char *value)
{
	char *s = malloc(strlen(name) + strlen(value) + 2);
	if (s == NULL)
		die("malloc");
	return strcat(strcat(strcpy(s, name), "="), value);
}

static void write_policy(const char *path, const char *text, size_t length)
{
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0440);
	if (fd < 0 || fchmod(fd, 0440) != 0)
		die(path);
	while (length > 0) {
		ssize_t n = write(fd, text, length);
		if (n < 0)
			die(path);
		text += n;
		length -= (size_t)n;
	}
	close(fd);
}

struct group {
	char *listed, *invoker, *uid, *gid, *groups, *host, *addresses, *runas_user, *runas_group;
	int count;
	int *argc;
	char ***argv;
};

/* answer is run in a process of its own. */
static void answer(const char *plugin, const char *policy, struct group *g, int out)
{
	void *handle = dlopen(plugin, RTLD_NOW);
	if (handle == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		_exit(2);
	}
	struct policy_plugin *p = dlsym(handle, "sudoers_policy");
	if (p == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		_exit(2);
	}
	char *settings[16];
	int n = 0;
	settings[n++] = "progname=sudo";
	settings[n++] = "plugin_dir=/usr/libexec/sudo/";
	settings[n++] = "plugin_path=/usr/libexec/sudo/sudoers.so";
	settings[n++] = "noninteractive=true";
	settings[n++] = setting("network_addrs", g->addresses);
	if (g->count > 0 && g->argc[0] > 0 && strcmp(g->argv[0][0], "sudoedit") == 0)
		settings[n++] = "sudoedit=true";
	if (*g->runas_user != '\0')
		settings[n++] = setting("runas_user", g->runas_user);
	if (*g->runas_group != '\0')
		settings[n++] = setting("runas_group", g->runas_group);
	settings[n] = NULL;
	char *info[24];
	n = 0;
	info[n++] = setting("user", g->invoker);
	info[n++] = setting("uid", g->uid);
	info[n++] = setting("euid", "0");
	info[n++] = setting("gid", g->gid);
	info[n++] = setting("egid", "0");
	info[n++] = setting("groups", g->groups);
	info[n++] = setting("host", g->host);
	info[n++] = "cwd=/";
	info[n++] = "pid=1000";
	info[n++] = "ppid=999";
	info[n++] = "sid=999";
	info[n++] = "pgid=1000";
	info[n++] = "tcpgid=1000";
	info[n++] = "lines=24";
	info[n++] = "cols=80";
	info[n++] = "umask=022";
	info[n] = NULL;
	char *options[] = { setting("sudoers_file", policy), NULL };
	char *environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	const char *why = NULL;
	int opened = p->open(API_VERSION, (void *)conversation, (void *)print, settings, info, environment, options, &why);
	for (int i = 0; i < g->count; i++) {
		char c = 'E';
		/* A process for each, because the plug-in keeps the target user of one answer for the next. */
		pid_t child = opened == 1 ? fork() : -1;
		if (child == 0) {
			char **command_info, **argv_out, **user_env_out;
			int ok = *g->listed != '\0' ? p->list(g->argc[i], g->argv[i], 0, g->listed, &why)
			    : p->check_policy(g->argc[i], g->argv[i], NULL, &command_info, &argv_out, &user_env_out, &why);
			_exit(ok == 1 ? 11 : ok == 0 ? 10 : 12);
		}
		int status;
		if (child > 0 && waitpid(child, &status, 0) == child)
			c = !WIFEXITED(status) ? 'X' : WEXITSTATUS(status) == 11 ? '1' : WEXITSTATUS(status) == 10 ? '0' : 'E';
		if (write(out, &c, 1) != 1)
			_exit(2);
	}
	_exit(0);
}

static void ask(const char *plugin, const char *policy, struct group *g)
{
	int pipes[2];
	if (pipe(pipes) != 0)
		die("pipe");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(pipes[0]);
		alarm(60);
		answer(plugin, policy, g, pipes[1]);
	}
	close(pipes[1]);
	char *line = malloc((size_t)g->count + 1);
	if (line == NULL)
		die("malloc");
	size_t got = 0;
	for (;;) {
		ssize_t n = read(pipes[0], line + got, (size_t)g->count - got);
		if (n <= 0)
			break;
		got += (size_t)n;
	}
	close(pipes[0]);
	waitpid(child, NULL, 0);
	for (; got < (size_t)g->count; got++)
		line[got] = 'X';
	line[got] = '\n';
	fwrite(line, 1, got + 1, stdout);
	free(line);
}

int main(int argc, char *argv[])
{
	if (argc < 3) {
		fputs("usage: plugin_driver sudoers.so policy-file < questions\n", stderr);
		return 2;
	}
	verbose = getenv("PLUGIN_DRIVER_VERBOSE") != NULL;
	/* Loaded once here, the children share it. */
	if (dlopen(argv[1], RTLD_NOW) == NULL) {
		fprintf(stderr, "%s\n", dlerror());
		return 2;
	}
	read_all();
	while (input_at < input_size) {
		size_t length;
		char *text = next_string(&length);
		struct group g;
		g.listed = next_string(NULL);
		g.invoker = next_string(NULL);
		g.uid = next_string(NULL);
		g.gid = next_string(NULL);
		g.groups = next_string(NULL);
		g.host = next_string(NULL);
		g.addresses = next_string(NULL);
		g.runas_user = next_string(NULL);
		g.runas_group = next_string(NULL);
		char *count = next_string(NULL);
		g.count = number(count);
		free(count);
		g.argc = calloc((size_t)g.count + 1, sizeof(*g.argc));
		g.argv = calloc((size_t)g.count + 1, sizeof(*g.argv));
		if (g.argc == NULL || g.argv == NULL)
			die("calloc");
		for (int i = 0; i < g.count; i++) {
			char *words = next_string(NULL);
			g.argc[i] = number(words);
			free(words);
			g.argv[i] = calloc((size_t)g.argc[i] + 1, sizeof(**g.argv));
			if (g.argv[i] == NULL)
				die("calloc");
			for (int j = 0; j < g.argc[i]; j++)
				g.argv[i][j] = next_string(NULL);
		}
		write_policy(argv[2], text, length);
		free(text);
		ask(argv[1], argv[2], &g);
		for (int i = 0; i < g.count; i++) {
			for (int j = 0; j < g.argc[i]; j++)
				free(g.argv[i][j]);
			free(g.argv[i]);
		}
		free(g.argc);
		free(g.argv);
	}
	return fflush(stdout) == 0 ? 0 : 2;
}
