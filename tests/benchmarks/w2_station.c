/* W2 in C: a station with constant people, two classes and lazy patience, line for line as omosim/kernels/station.py serves it.
 * cc -O3 -march=native -shared -fPIC; the same starts. */
#include <stdint.h>

#define NEVER ((int64_t)1 << 62)
enum { NOT_BEGUN = -1, LEFT = -2 };

static inline void push(int64_t *heap, int64_t n, int64_t x)
{
    int64_t i = n;
    while (i > 0) {
        int64_t up = (i - 1) >> 1;
        if (heap[up] <= x)
            break;
        heap[i] = heap[up];
        i = up;
    }
    heap[i] = x;
}

static inline void drop(int64_t *heap, int64_t n)
{
    int64_t last = heap[--n], i = 0;
    for (;;) {
        int64_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && heap[child + 1] < heap[child])
            child++;
        if (last <= heap[child])
            break;
        heap[i] = heap[child];
        i = child;
    }
    heap[i] = last;
}

void serve(const int64_t *restrict t, const int64_t *restrict work, const int64_t *restrict rank, const int64_t *restrict patience,
           int64_t n, int64_t servers, int64_t *restrict start, int64_t *restrict follow, int64_t *restrict ends)
{
    int64_t first0 = -1, first1 = -1, last0 = -1, last1 = -1, i = 0, busy = 0;
    int64_t t_come = n ? t[0] : NEVER;
    for (;;) {
        int64_t t_end = busy ? ends[0] : NEVER;
        int64_t now = t_end <= t_come ? t_end : t_come;
        if (now >= NEVER)
            return;
        if (now == t_end) {
            drop(ends, busy);
            busy--;
        } else {
            start[i] = NOT_BEGUN;
            follow[i] = -1;
            if (busy < servers && first0 < 0 && first1 < 0) {
                start[i] = now;
                push(ends, busy, now + work[i]);
                busy++;
            } else if (rank[i] == 0) {
                if (first0 < 0)
                    first0 = i;
                else
                    follow[last0] = i;
                last0 = i;
            } else {
                if (first1 < 0)
                    first1 = i;
                else
                    follow[last1] = i;
                last1 = i;
            }
            i++;
            t_come = i < n ? t[i] : NEVER;
            continue;
        }
        while (busy < servers) {
            int64_t j;
            if (first0 >= 0) {
                j = first0;
                first0 = follow[j];
            } else if (first1 >= 0) {
                j = first1;
                first1 = follow[j];
            } else
                break;
            if (patience[j] >= 0 && t[j] + patience[j] < now) {
                start[j] = LEFT;
                continue;
            }
            start[j] = now;
            push(ends, busy, now + work[j]);
            busy++;
        }
    }
}
