/*
 * mkevidence FOLDER NONCEHEX PCR0 PCR1 PCR2: writes a Nitro document of now under a test root into
 * FOLDER (document, root.pem), and the same as an emulator writes it (emulator). For tests alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "forge.h"
#include "text.h"

static void write_file(const char *folder, const char *name, const void *data, size_t size)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file) != 0) {
		perror(path);
		exit(4);
	}
}

int main(int argc, char **argv)
{
	static struct document document;
	static struct forged_chain chain;
	static struct raw raw;
	int64_t now = time(NULL);
	unsigned char nonce[64];
	struct chain_plan plan;
	size_t size;
	char *pem;

	if (argc != 6 || !hex_decode(argv[2], nonce, strlen(argv[2]) / 2))
		return 2;
	chain_plan_init(&plan, now);
	chain_make(&chain, &plan);
	document_init(&document, &chain, now * 1000, nonce, strlen(argv[2]) / 2);
	for (int i = 0; i < 3; i++) {
		unsigned char pcr[48];

		if (!hex_decode(argv[3 + i], pcr, sizeof(pcr)))
			return 2;
		raw_bytes(map_number(&document.pcrs, i), pcr, sizeof(pcr));
	}
	document_make(&document, &raw);
	write_file(argv[1], "document", raw.data, raw.size);
	pem = chain_root_pem(&chain, &size);
	write_file(argv[1], "root.pem", pem, size);
	free(pem);
	document_unsign(&document);
	document_make(&document, &raw);
	write_file(argv[1], "emulator", raw.data, raw.size);
	chain_free(&chain);
	return 0;
}
