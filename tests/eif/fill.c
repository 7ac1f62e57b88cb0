/*
 * Writes bytes by a rule to stdout, so that golden inputs need no files of their own. Never part of
 * the product: byte j of LEN is (K*j + N*(j>>8) + L*k + M) & 0xff.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	uint64_t v[6]; /* K, N, L, M, k, LEN */

	if (argc != 7) {
		fputs("usage: fill K N L M k LEN\n", stderr);
		return 2;
	}
	for (int i = 0; i < 6; i++)
		v[i] = strtoull(argv[i + 1], NULL, 10);
	for (uint64_t j = 0; j < v[5]; j++)
		putchar((int)((v[0] * j + v[1] * (j >> 8) + v[2] * v[4] + v[3]) & 0xff));
	return fflush(stdout) == 0 ? 0 : 4;
}
