/*
 * mkevidence FOLDER NONCEHEX PCR0 PCR1 PCR2 [PCR16]: writes a Nitro document of now under a test
 * root into FOLDER (document, root.pem), and the same as an emulator writes it (emulator).
 * mkevidence FOLDER NONCEHEX RIM [REM0]: a CCA token (token) under a key (platform.pub). For tests
 * alone.
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

static int write_token(const char *folder, const unsigned char *nonce, size_t nonce_size,
		       char **registers)
{
	static struct token token;
	static struct raw raw;
	unsigned char rem0[32];
	unsigned char rim[32];
	size_t size;
	char *pem;

	if (!hex_decode(registers[0], rim, sizeof(rim)) ||
	    (registers[1] && !hex_decode(registers[1], rem0, sizeof(rem0))))
		return 2;
	token_init(&token, false, nonce, nonce_size);
	raw_bytes(map_number(&token.realm_claims, 44238), rim, sizeof(rim));
	if (registers[1])
		token_rem0(&token, rem0);
	token_make(&token, &raw);
	write_file(folder, "token", raw.data, raw.size);
	pem = key_pem(token.platform_key, &size);
	write_file(folder, "platform.pub", pem, size);
	free(pem);
	token_free(&token);
	return 0;
}

static int write_document(const char *folder, const unsigned char *nonce, size_t nonce_size,
			  char **pcrs)
{
	static const int numbers[] = {0, 1, 2, 16};
	static struct document document;
	static struct forged_chain chain;
	static struct raw raw;
	int64_t now = time(NULL);
	struct chain_plan plan;
	size_t size;
	char *pem;

	chain_plan_init(&plan, now);
	chain_make(&chain, &plan);
	document_init(&document, &chain, now * 1000, nonce, nonce_size);
	for (int i = 0; pcrs[i]; i++) {
		unsigned char pcr[48];

		if (!hex_decode(pcrs[i], pcr, sizeof(pcr)))
			return 2;
		raw_bytes(map_number(&document.pcrs, numbers[i]), pcr, sizeof(pcr));
	}
	document_make(&document, &raw);
	write_file(folder, "document", raw.data, raw.size);
	pem = chain_root_pem(&chain, &size);
	write_file(folder, "root.pem", pem, size);
	free(pem);
	document_unsign(&document);
	document_make(&document, &raw);
	write_file(folder, "emulator", raw.data, raw.size);
	chain_free(&chain);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned char nonce[64];
	size_t size;

	if (argc < 4 || argc > 7)
		return 2;
	size = strlen(argv[2]) / 2;
	if (size > sizeof(nonce) || !hex_decode(argv[2], nonce, size))
		return 2;
	return (argc < 6 ? write_token : write_document)(argv[1], nonce, size, argv + 3);
}
