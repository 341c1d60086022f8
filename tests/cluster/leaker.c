/*
 * Takes tasks, at a rate, and holds them; goes on trying when it is refused.
 *
 * usage: leaker threads|processes MOST PER_SECOND
 *
 * PER_SECOND 0: as fast as it can. Each line on standard output: milliseconds since 1970, one word
 * (begun, refused, again, enough), and how many it has. It ends on SIGTERM, also as process 1.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { STACK = 16384, RETRY = 20000 };

static void end(int number)
{
	(void)number;
	_exit(0);
}

static void *stay(void *none)
{
	for (;;)
		pause();
	return none;
}

static int one_more(int threads)
{
	if (threads) {
		pthread_attr_t small;
		pthread_t made;
		pthread_attr_init(&small);
		pthread_attr_setstacksize(&small, STACK);
		return pthread_create(&made, &small, stay, NULL) == 0;
	}
	pid_t child = fork();
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		stay(NULL);
	}
	return child > 0;
}

static void tell(const char *what, long tasks)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	dprintf(1, "%lld %s %ld\n", now.tv_sec * 1000LL + now.tv_nsec / 1000000, what, tasks);
}

int main(int count, char **words)
{
	if (count != 4)
		return 2;
	int threads = strcmp(words[1], "threads") == 0, refused = 0;
	long most = atol(words[2]), rate = atol(words[3]), tasks = 0;
	signal(SIGTERM, end);
	tell("begun", 0);
	while (tasks < most) {
		if (!one_more(threads)) {
			if (!refused)
				tell("refused", tasks);
			refused = 1;
			usleep(RETRY);
			continue;
		}
		tasks++;
		if (refused)
			tell("again", tasks);
		refused = 0;
		if (rate > 0)
			usleep(1000000 / rate);
	}
	tell("enough", tasks);
	stay(NULL);
}
