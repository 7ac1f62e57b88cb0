/* The end of the machine. */
#ifndef MINTMARK_MACHINE_H
#define MINTMARK_MACHINE_H

/* Drains the console, writes back what is dirty and powers off. */
_Noreturn void machine_end(void);

#endif
