/*
 * The balloon (Xen's docs/misc/xenstore-paths, ~/memory/target): pages given back to Xen when
 * the toolstack wants the domain to be smaller (xl mem-set), and got again.
 */
#ifndef XEN_BALLOON_H
#define XEN_BALLOON_H

/*
 * The target is read for the first time, or another time: the first one, also where somebody
 * has changed it in the domain's first moments, stands for what the domain has then, since it
 * also counts what is no RAM.  Gives and gets pages from the end
 * of what rows have to spare (memory_spare()): not while one runs.  What cannot be had is
 * said on the console.
 */
void balloon_follow(void);

/* In a new domain its first target stands for what it has. */
void balloon_forget(void);

#endif
