/* W1 in C: the algorithm of w1_kernel.py, line for line, as the speed to be measured against.
 * cc -O3 -march=native -ffp-contract=off -fno-math-errno -shared -fPIC; the same bits as the Numba kernel. */
#include <stdint.h>
#include <string.h>

enum { ALTERNATIVES = 6, WIDTH = 7, BLOCK = 4096, PAD = 64, CHOICE = 13, SESSIONS = 31, LANE_BIT = 0x8000 };
static const uint32_t ACTIVE_BELOW = 429496729u; /* 0.1 * 2**32 */
static const float BASE[ALTERNATIVES] = {0.5f, 0.2f, 0.0f, -0.2f, 0.1f, -0.4f};
static const float BETA = 1.5f, KEEP = 0.9f, GAIN = 0.1f, SCALE = 0x1p-24f;

typedef struct { uint32_t w[4]; } words4;

static inline __attribute__((always_inline)) words4
philox4(uint32_t k0, uint32_t k1, uint32_t x0, uint32_t x1, uint32_t x2, uint32_t x3)
{
    uint64_t y0 = x0, y1 = x1, y2 = x2, y3 = x3; /* 64-bit lanes: one vector multiply per product */
#pragma GCC unroll 10
    for (int r = 0; r < 10; r++) {
        uint64_t p0 = 0xD2511F53u * y0, p1 = 0xCD9E8D57u * y2;
        y0 = (p1 >> 32) ^ y1 ^ k0;
        y1 = p1 & 0xFFFFFFFFu;
        y2 = (p0 >> 32) ^ y3 ^ k1;
        y3 = p0 & 0xFFFFFFFFu;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return (words4){{(uint32_t)y0, (uint32_t)y1, (uint32_t)y2, (uint32_t)y3}};
}

static inline int32_t bits_of(float x) { int32_t b; memcpy(&b, &x, 4); return b; }
static inline float float_of(int32_t b) { float x; memcpy(&x, &b, 4); return x; }

static inline float exp32(float x)
{
    x = x > -87.0f ? x : -87.0f;
    x = x < 88.0f ? x : 88.0f;
    float t = x * 1.44269504088896341f + 12582912.0f;
    int32_t k = bits_of(t) - 0x4B400000;
    float n = t - 12582912.0f;
    float r = (x - n * 0.693359375f) - n * -2.12194440e-4f;
    float z = r * r;
    float p = (5.0000001201e-1f + 1.6666665459e-1f * r)
        + z * ((4.1665795894e-2f + 8.3334519073e-3f * r) + z * (1.3981999507e-3f + 1.9875691500e-4f * r));
    float y = (p * z + r) + 1.0f;
    return y * float_of((int32_t)((uint32_t)(k + 127) << 23));
}

static inline float log32(float x)
{
    int32_t bits = bits_of(x);
    int32_t k = (bits - 0x3F3504F3) >> 23;
    float f = float_of(bits - (int32_t)((uint32_t)k << 23)) - 1.0f;
    float n = (float)k;
    float z = f * f;
    float low = (3.3333331174e-1f + -2.4999993993e-1f * f) + z * (2.0000714765e-1f + -1.6668057665e-1f * f);
    float high = (1.4249322787e-1f + -1.2420140846e-1f * f)
        + z * ((1.1676998740e-1f + -1.1514610310e-1f * f) + z * 7.0376836292e-2f);
    float p = low + (z * z) * high;
    float y = (p * f) * z + n * -2.12194440e-4f;
    y = y - 0.5f * z;
    return (f + y) + n * 0.693359375f;
}

static int active_list(uint32_t k0, uint32_t k1, uint32_t day, int64_t first, int64_t last,
                       uint32_t words[4][BLOCK / 4], uint32_t *restrict active)
{
    int groups = (int)((last - first + 3) / 4), n = 0;
    for (int g = 0; g < groups; g++) {
        words4 b = philox4(k0, k1, (uint32_t)(first / 4 + g), day, SESSIONS | LANE_BIT, 0);
        for (int lane = 0; lane < 4; lane++)
            words[lane][g] = b.w[lane];
    }
    for (int g = 0; g < groups; g++)
        for (int lane = 0; lane < 4; lane++) {
            active[n] = (uint32_t)(first + lane + 4 * g);
            n += words[lane][g] < ACTIVE_BELOW;
        }
    if (last % 4 == 0)
        return n;
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (active[i] < last)
            active[kept++] = active[i];
    return kept;
}

static void fill_blocks(uint32_t k0, uint32_t k1, const uint32_t *restrict who, int n, uint32_t day, uint32_t item,
                        uint32_t *restrict a, uint32_t *restrict b, uint32_t *restrict c, uint32_t *restrict d)
{
    for (int i = 0; i < n; i++) {
        words4 w = philox4(k0, k1, who[i], day, CHOICE, item);
        a[i] = w.w[0];
        b[i] = w.w[1];
        c[i] = w.w[2];
        d[i] = w.w[3];
    }
}

static void race(float base, const uint32_t *restrict word, const float *restrict habit, float *restrict best,
                 int32_t *restrict pick, int32_t j, int n)
{
    for (int i = 0; i < n; i++) {
        float u = (float)(int32_t)((word[i] >> 8) | 1) * SCALE;
        float time = -log32(u) * exp32(-(base + BETA * habit[i]));
        int first = time < best[i];
        best[i] = first ? time : best[i];
        pick[i] = first ? j : pick[i];
    }
}

void run_days(uint32_t k0, uint32_t k1, int days, float *restrict state, int64_t shoppers, int64_t *restrict counts)
{
    static _Thread_local uint32_t words[4][BLOCK / 4], active[BLOCK + PAD], draws[8][BLOCK + PAD];
    static _Thread_local float habit[ALTERNATIVES][BLOCK + PAD], best[BLOCK + PAD];
    static _Thread_local int32_t pick[BLOCK + PAD];
    for (int day = 0; day < days; day++)
        for (int64_t first = 0; first < shoppers; first += BLOCK) {
            int64_t last = first + BLOCK < shoppers ? first + BLOCK : shoppers;
            int n = active_list(k0, k1, (uint32_t)day, first, last, words, active);
            int full = (n + PAD - 1) / PAD * PAD;
            for (int i = n; i < full; i++)
                active[i] = (uint32_t)first;
            for (int i = 0; i < n; i++) {
                __builtin_prefetch(state + (int64_t)active[i] * WIDTH, 1);
                __builtin_prefetch(state + (int64_t)active[i] * WIDTH + ALTERNATIVES, 1);
            }
            for (int part = 0; part < 2; part++)
                fill_blocks(k0, k1, active, full, (uint32_t)day, (uint32_t)part, draws[4 * part], draws[4 * part + 1],
                            draws[4 * part + 2], draws[4 * part + 3]);
            for (int i = 0; i < full; i++) {
                const float *row = state + (int64_t)active[i] * WIDTH;
                for (int j = 0; j < ALTERNATIVES; j++)
                    habit[j][i] = row[j];
                best[i] = 3.4e38f;
                pick[i] = 0;
            }
            for (int j = 0; j < ALTERNATIVES; j++)
                race(BASE[j], draws[j], habit[j], best, pick, j, full);
            for (int j = 0; j < ALTERNATIVES; j++) {
                int chosen = 0;
                for (int i = 0; i < full; i++)
                    habit[j][i] = habit[j][i] * KEEP + (pick[i] == j ? GAIN : 0.0f);
                for (int i = 0; i < n; i++)
                    chosen += pick[i] == j;
                counts[j] += chosen;
            }
            for (int i = 0; i < n; i++) {
                float *row = state + (int64_t)active[i] * WIDTH;
                for (int j = 0; j < ALTERNATIVES; j++)
                    row[j] = habit[j][i];
                row[ALTERNATIVES] += 1.0f;
            }
        }
}
