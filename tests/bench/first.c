/* The application of make bench BENCH=boot: its first instructions say that it runs. */
#include <unistd.h>

int main(void)
{
	static const char line[] = "bench: first\n";

	if (write(1, line, sizeof(line) - 1) < 0)
		return 1;
	for (;;)
		pause();
}
