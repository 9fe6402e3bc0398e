/* Of what build/xenometer-evil is linked for a lab's dom0 (systems/suite.c). */
extern const char suite_parts[];
const char suite_parts[] = "xenometer-evil-parts.o";
