/*
 * One sample of one row, caught by the plugin in the lab.
 *
 * Two runs of the same job from the same snapshot: the first tells which
 * sample is the wanted one and between which readings of the TSC it lies, the
 * second records it.  The instruction clock makes them the same run.
 */
#ifndef BENCH_CAPTURE_H
#define BENCH_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "catalogue/image.h"
#include "machines/lab.h"
#include "measure/result.h"
#include "trace/capture.h"

enum sample_choice { SAMPLE_MEDIAN, SAMPLE_MIN, SAMPLE_MAX, SAMPLE_NUMBER };

struct capture_options {
    const struct lab_options *lab;   /* of the exact clock; its plugin field is ours */
    const struct image *image;
    const char *elf, *config_dir;
    const struct image_row *row;
    const struct column *column;
    uint32_t samples;                /* to take; 0: a number that is soon done */
    enum sample_choice choice;
    uint32_t number;                 /* of the sample, from 0, with SAMPLE_NUMBER */
    unsigned deadline;               /* seconds, for each of the two runs */
};

/*
 * STATUS_OK with the capture, capture_free(); or, said why, another status: STATUS_USAGE
 * when the mode cannot run the row, STATUS_FAILED when the row did not succeed.
 */
int capture_take(const struct capture_options *, struct capture *);
/* A descriptor of the plugin; -1 after a message. */
int capture_library(void);

#endif
