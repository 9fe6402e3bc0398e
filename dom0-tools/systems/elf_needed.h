/* The shared libraries a program or library asks for. */
#ifndef SYSTEMS_ELF_NEEDED_H
#define SYSTEMS_ELF_NEEDED_H

/*
 * Call visit(context, name) with each DT_NEEDED name of the file.  Files that
 * are not ELF64, or have no dynamic section, have none.  Damaged ones are read
 * no further than they are sane.
 */
void elf_needed(const char *path, void (*visit)(void *context, const char *name),
                void *context);

#endif
