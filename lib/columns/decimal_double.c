/* SPDX-License-Identifier: Apache-2.0 */
/* The mantissa is multiplied by the first 128 bits of the power of ten, so the product is known up
 * to an error of less than 2 in its 128th bit. It is rounded only when that error cannot matter. */
#include "columns/decimal_double.h"

#include <string.h>

enum { MAX_POWER = 65, MANTISSA_BITS = 52, BIAS = 1023 };

/* 10^-65 .. 10^65: the leading 128 bits, high word first, the rest cut off. */
static const uint64_t powers[2 * MAX_POWER + 1][2] = {
    {UINT64_C(0x86ccbb52ea94baea), UINT64_C(0x98e947129fc2b4e9)}, /* 1e-65 */
    {UINT64_C(0xa87fea27a539e9a5), UINT64_C(0x3f2398d747b36224)}, /* 1e-64 */
    {UINT64_C(0xd29fe4b18e88640e), UINT64_C(0x8eec7f0d19a03aad)}, /* 1e-63 */
    {UINT64_C(0x83a3eeeef9153e89), UINT64_C(0x1953cf68300424ac)}, /* 1e-62 */
    {UINT64_C(0xa48ceaaab75a8e2b), UINT64_C(0x5fa8c3423c052dd7)}, /* 1e-61 */
    {UINT64_C(0xcdb02555653131b6), UINT64_C(0x3792f412cb06794d)}, /* 1e-60 */
    {UINT64_C(0x808e17555f3ebf11), UINT64_C(0xe2bbd88bbee40bd0)}, /* 1e-59 */
    {UINT64_C(0xa0b19d2ab70e6ed6), UINT64_C(0x5b6aceaeae9d0ec4)}, /* 1e-58 */
    {UINT64_C(0xc8de047564d20a8b), UINT64_C(0xf245825a5a445275)}, /* 1e-57 */
    {UINT64_C(0xfb158592be068d2e), UINT64_C(0xeed6e2f0f0d56712)}, /* 1e-56 */
    {UINT64_C(0x9ced737bb6c4183d), UINT64_C(0x55464dd69685606b)}, /* 1e-55 */
    {UINT64_C(0xc428d05aa4751e4c), UINT64_C(0xaa97e14c3c26b886)}, /* 1e-54 */
    {UINT64_C(0xf53304714d9265df), UINT64_C(0xd53dd99f4b3066a8)}, /* 1e-53 */
    {UINT64_C(0x993fe2c6d07b7fab), UINT64_C(0xe546a8038efe4029)}, /* 1e-52 */
    {UINT64_C(0xbf8fdb78849a5f96), UINT64_C(0xde98520472bdd033)}, /* 1e-51 */
    {UINT64_C(0xef73d256a5c0f77c), UINT64_C(0x963e66858f6d4440)}, /* 1e-50 */
    {UINT64_C(0x95a8637627989aad), UINT64_C(0xdde7001379a44aa8)}, /* 1e-49 */
    {UINT64_C(0xbb127c53b17ec159), UINT64_C(0x5560c018580d5d52)}, /* 1e-48 */
    {UINT64_C(0xe9d71b689dde71af), UINT64_C(0xaab8f01e6e10b4a6)}, /* 1e-47 */
    {UINT64_C(0x9226712162ab070d), UINT64_C(0xcab3961304ca70e8)}, /* 1e-46 */
    {UINT64_C(0xb6b00d69bb55c8d1), UINT64_C(0x3d607b97c5fd0d22)}, /* 1e-45 */
    {UINT64_C(0xe45c10c42a2b3b05), UINT64_C(0x8cb89a7db77c506a)}, /* 1e-44 */
    {UINT64_C(0x8eb98a7a9a5b04e3), UINT64_C(0x77f3608e92adb242)}, /* 1e-43 */
    {UINT64_C(0xb267ed1940f1c61c), UINT64_C(0x55f038b237591ed3)}, /* 1e-42 */
    {UINT64_C(0xdf01e85f912e37a3), UINT64_C(0x6b6c46dec52f6688)}, /* 1e-41 */
    {UINT64_C(0x8b61313bbabce2c6), UINT64_C(0x2323ac4b3b3da015)}, /* 1e-40 */
    {UINT64_C(0xae397d8aa96c1b77), UINT64_C(0xabec975e0a0d081a)}, /* 1e-39 */
    {UINT64_C(0xd9c7dced53c72255), UINT64_C(0x96e7bd358c904a21)}, /* 1e-38 */
    {UINT64_C(0x881cea14545c7575), UINT64_C(0x7e50d64177da2e54)}, /* 1e-37 */
    {UINT64_C(0xaa242499697392d2), UINT64_C(0xdde50bd1d5d0b9e9)}, /* 1e-36 */
    {UINT64_C(0xd4ad2dbfc3d07787), UINT64_C(0x955e4ec64b44e864)}, /* 1e-35 */
    {UINT64_C(0x84ec3c97da624ab4), UINT64_C(0xbd5af13bef0b113e)}, /* 1e-34 */
    {UINT64_C(0xa6274bbdd0fadd61), UINT64_C(0xecb1ad8aeacdd58e)}, /* 1e-33 */
    {UINT64_C(0xcfb11ead453994ba), UINT64_C(0x67de18eda5814af2)}, /* 1e-32 */
    {UINT64_C(0x81ceb32c4b43fcf4), UINT64_C(0x80eacf948770ced7)}, /* 1e-31 */
    {UINT64_C(0xa2425ff75e14fc31), UINT64_C(0xa1258379a94d028d)}, /* 1e-30 */
    {UINT64_C(0xcad2f7f5359a3b3e), UINT64_C(0x096ee45813a04330)}, /* 1e-29 */
    {UINT64_C(0xfd87b5f28300ca0d), UINT64_C(0x8bca9d6e188853fc)}, /* 1e-28 */
    {UINT64_C(0x9e74d1b791e07e48), UINT64_C(0x775ea264cf55347d)}, /* 1e-27 */
    {UINT64_C(0xc612062576589dda), UINT64_C(0x95364afe032a819d)}, /* 1e-26 */
    {UINT64_C(0xf79687aed3eec551), UINT64_C(0x3a83ddbd83f52204)}, /* 1e-25 */
    {UINT64_C(0x9abe14cd44753b52), UINT64_C(0xc4926a9672793542)}, /* 1e-24 */
    {UINT64_C(0xc16d9a0095928a27), UINT64_C(0x75b7053c0f178293)}, /* 1e-23 */
    {UINT64_C(0xf1c90080baf72cb1), UINT64_C(0x5324c68b12dd6338)}, /* 1e-22 */
    {UINT64_C(0x971da05074da7bee), UINT64_C(0xd3f6fc16ebca5e03)}, /* 1e-21 */
    {UINT64_C(0xbce5086492111aea), UINT64_C(0x88f4bb1ca6bcf584)}, /* 1e-20 */
    {UINT64_C(0xec1e4a7db69561a5), UINT64_C(0x2b31e9e3d06c32e5)}, /* 1e-19 */
    {UINT64_C(0x9392ee8e921d5d07), UINT64_C(0x3aff322e62439fcf)}, /* 1e-18 */
    {UINT64_C(0xb877aa3236a4b449), UINT64_C(0x09befeb9fad487c2)}, /* 1e-17 */
    {UINT64_C(0xe69594bec44de15b), UINT64_C(0x4c2ebe687989a9b3)}, /* 1e-16 */
    {UINT64_C(0x901d7cf73ab0acd9), UINT64_C(0x0f9d37014bf60a10)}, /* 1e-15 */
    {UINT64_C(0xb424dc35095cd80f), UINT64_C(0x538484c19ef38c94)}, /* 1e-14 */
    {UINT64_C(0xe12e13424bb40e13), UINT64_C(0x2865a5f206b06fb9)}, /* 1e-13 */
    {UINT64_C(0x8cbccc096f5088cb), UINT64_C(0xf93f87b7442e45d3)}, /* 1e-12 */
    {UINT64_C(0xafebff0bcb24aafe), UINT64_C(0xf78f69a51539d748)}, /* 1e-11 */
    {UINT64_C(0xdbe6fecebdedd5be), UINT64_C(0xb573440e5a884d1b)}, /* 1e-10 */
    {UINT64_C(0x89705f4136b4a597), UINT64_C(0x31680a88f8953030)}, /* 1e-9 */
    {UINT64_C(0xabcc77118461cefc), UINT64_C(0xfdc20d2b36ba7c3d)}, /* 1e-8 */
    {UINT64_C(0xd6bf94d5e57a42bc), UINT64_C(0x3d32907604691b4c)}, /* 1e-7 */
    {UINT64_C(0x8637bd05af6c69b5), UINT64_C(0xa63f9a49c2c1b10f)}, /* 1e-6 */
    {UINT64_C(0xa7c5ac471b478423), UINT64_C(0x0fcf80dc33721d53)}, /* 1e-5 */
    {UINT64_C(0xd1b71758e219652b), UINT64_C(0xd3c36113404ea4a8)}, /* 1e-4 */
    {UINT64_C(0x83126e978d4fdf3b), UINT64_C(0x645a1cac083126e9)}, /* 1e-3 */
    {UINT64_C(0xa3d70a3d70a3d70a), UINT64_C(0x3d70a3d70a3d70a3)}, /* 1e-2 */
    {UINT64_C(0xcccccccccccccccc), UINT64_C(0xcccccccccccccccc)}, /* 1e-1 */
    {UINT64_C(0x8000000000000000), UINT64_C(0x0000000000000000)}, /* 1e0 */
    {UINT64_C(0xa000000000000000), UINT64_C(0x0000000000000000)}, /* 1e1 */
    {UINT64_C(0xc800000000000000), UINT64_C(0x0000000000000000)}, /* 1e2 */
    {UINT64_C(0xfa00000000000000), UINT64_C(0x0000000000000000)}, /* 1e3 */
    {UINT64_C(0x9c40000000000000), UINT64_C(0x0000000000000000)}, /* 1e4 */
    {UINT64_C(0xc350000000000000), UINT64_C(0x0000000000000000)}, /* 1e5 */
    {UINT64_C(0xf424000000000000), UINT64_C(0x0000000000000000)}, /* 1e6 */
    {UINT64_C(0x9896800000000000), UINT64_C(0x0000000000000000)}, /* 1e7 */
    {UINT64_C(0xbebc200000000000), UINT64_C(0x0000000000000000)}, /* 1e8 */
    {UINT64_C(0xee6b280000000000), UINT64_C(0x0000000000000000)}, /* 1e9 */
    {UINT64_C(0x9502f90000000000), UINT64_C(0x0000000000000000)}, /* 1e10 */
    {UINT64_C(0xba43b74000000000), UINT64_C(0x0000000000000000)}, /* 1e11 */
    {UINT64_C(0xe8d4a51000000000), UINT64_C(0x0000000000000000)}, /* 1e12 */
    {UINT64_C(0x9184e72a00000000), UINT64_C(0x0000000000000000)}, /* 1e13 */
    {UINT64_C(0xb5e620f480000000), UINT64_C(0x0000000000000000)}, /* 1e14 */
    {UINT64_C(0xe35fa931a0000000), UINT64_C(0x0000000000000000)}, /* 1e15 */
    {UINT64_C(0x8e1bc9bf04000000), UINT64_C(0x0000000000000000)}, /* 1e16 */
    {UINT64_C(0xb1a2bc2ec5000000), UINT64_C(0x0000000000000000)}, /* 1e17 */
    {UINT64_C(0xde0b6b3a76400000), UINT64_C(0x0000000000000000)}, /* 1e18 */
    {UINT64_C(0x8ac7230489e80000), UINT64_C(0x0000000000000000)}, /* 1e19 */
    {UINT64_C(0xad78ebc5ac620000), UINT64_C(0x0000000000000000)}, /* 1e20 */
    {UINT64_C(0xd8d726b7177a8000), UINT64_C(0x0000000000000000)}, /* 1e21 */
    {UINT64_C(0x878678326eac9000), UINT64_C(0x0000000000000000)}, /* 1e22 */
    {UINT64_C(0xa968163f0a57b400), UINT64_C(0x0000000000000000)}, /* 1e23 */
    {UINT64_C(0xd3c21bcecceda100), UINT64_C(0x0000000000000000)}, /* 1e24 */
    {UINT64_C(0x84595161401484a0), UINT64_C(0x0000000000000000)}, /* 1e25 */
    {UINT64_C(0xa56fa5b99019a5c8), UINT64_C(0x0000000000000000)}, /* 1e26 */
    {UINT64_C(0xcecb8f27f4200f3a), UINT64_C(0x0000000000000000)}, /* 1e27 */
    {UINT64_C(0x813f3978f8940984), UINT64_C(0x4000000000000000)}, /* 1e28 */
    {UINT64_C(0xa18f07d736b90be5), UINT64_C(0x5000000000000000)}, /* 1e29 */
    {UINT64_C(0xc9f2c9cd04674ede), UINT64_C(0xa400000000000000)}, /* 1e30 */
    {UINT64_C(0xfc6f7c4045812296), UINT64_C(0x4d00000000000000)}, /* 1e31 */
    {UINT64_C(0x9dc5ada82b70b59d), UINT64_C(0xf020000000000000)}, /* 1e32 */
    {UINT64_C(0xc5371912364ce305), UINT64_C(0x6c28000000000000)}, /* 1e33 */
    {UINT64_C(0xf684df56c3e01bc6), UINT64_C(0xc732000000000000)}, /* 1e34 */
    {UINT64_C(0x9a130b963a6c115c), UINT64_C(0x3c7f400000000000)}, /* 1e35 */
    {UINT64_C(0xc097ce7bc90715b3), UINT64_C(0x4b9f100000000000)}, /* 1e36 */
    {UINT64_C(0xf0bdc21abb48db20), UINT64_C(0x1e86d40000000000)}, /* 1e37 */
    {UINT64_C(0x96769950b50d88f4), UINT64_C(0x1314448000000000)}, /* 1e38 */
    {UINT64_C(0xbc143fa4e250eb31), UINT64_C(0x17d955a000000000)}, /* 1e39 */
    {UINT64_C(0xeb194f8e1ae525fd), UINT64_C(0x5dcfab0800000000)}, /* 1e40 */
    {UINT64_C(0x92efd1b8d0cf37be), UINT64_C(0x5aa1cae500000000)}, /* 1e41 */
    {UINT64_C(0xb7abc627050305ad), UINT64_C(0xf14a3d9e40000000)}, /* 1e42 */
    {UINT64_C(0xe596b7b0c643c719), UINT64_C(0x6d9ccd05d0000000)}, /* 1e43 */
    {UINT64_C(0x8f7e32ce7bea5c6f), UINT64_C(0xe4820023a2000000)}, /* 1e44 */
    {UINT64_C(0xb35dbf821ae4f38b), UINT64_C(0xdda2802c8a800000)}, /* 1e45 */
    {UINT64_C(0xe0352f62a19e306e), UINT64_C(0xd50b2037ad200000)}, /* 1e46 */
    {UINT64_C(0x8c213d9da502de45), UINT64_C(0x4526f422cc340000)}, /* 1e47 */
    {UINT64_C(0xaf298d050e4395d6), UINT64_C(0x9670b12b7f410000)}, /* 1e48 */
    {UINT64_C(0xdaf3f04651d47b4c), UINT64_C(0x3c0cdd765f114000)}, /* 1e49 */
    {UINT64_C(0x88d8762bf324cd0f), UINT64_C(0xa5880a69fb6ac800)}, /* 1e50 */
    {UINT64_C(0xab0e93b6efee0053), UINT64_C(0x8eea0d047a457a00)}, /* 1e51 */
    {UINT64_C(0xd5d238a4abe98068), UINT64_C(0x72a4904598d6d880)}, /* 1e52 */
    {UINT64_C(0x85a36366eb71f041), UINT64_C(0x47a6da2b7f864750)}, /* 1e53 */
    {UINT64_C(0xa70c3c40a64e6c51), UINT64_C(0x999090b65f67d924)}, /* 1e54 */
    {UINT64_C(0xd0cf4b50cfe20765), UINT64_C(0xfff4b4e3f741cf6d)}, /* 1e55 */
    {UINT64_C(0x82818f1281ed449f), UINT64_C(0xbff8f10e7a8921a4)}, /* 1e56 */
    {UINT64_C(0xa321f2d7226895c7), UINT64_C(0xaff72d52192b6a0d)}, /* 1e57 */
    {UINT64_C(0xcbea6f8ceb02bb39), UINT64_C(0x9bf4f8a69f764490)}, /* 1e58 */
    {UINT64_C(0xfee50b7025c36a08), UINT64_C(0x02f236d04753d5b4)}, /* 1e59 */
    {UINT64_C(0x9f4f2726179a2245), UINT64_C(0x01d762422c946590)}, /* 1e60 */
    {UINT64_C(0xc722f0ef9d80aad6), UINT64_C(0x424d3ad2b7b97ef5)}, /* 1e61 */
    {UINT64_C(0xf8ebad2b84e0d58b), UINT64_C(0xd2e0898765a7deb2)}, /* 1e62 */
    {UINT64_C(0x9b934c3b330c8577), UINT64_C(0x63cc55f49f88eb2f)}, /* 1e63 */
    {UINT64_C(0xc2781f49ffcfa6d5), UINT64_C(0x3cbf6b71c76b25fb)}, /* 1e64 */
    {UINT64_C(0xf316271c7fc3908a), UINT64_C(0x8bef464e3945ef7a)}, /* 1e65 */
};

/* The 128 bits of a * b. */
static void multiply(uint64_t a, uint64_t b, uint64_t *out_high, uint64_t *out_low)
{
    uint64_t a_low = a & UINT32_MAX;
    uint64_t a_high = a >> 32;
    uint64_t b_low = b & UINT32_MAX;
    uint64_t b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t other = a_low * b_high + (middle & UINT32_MAX);

    *out_high = a_high * b_high + (middle >> 32) + (other >> 32);
    *out_low = other << 32 | (low & UINT32_MAX);
}

/* The leading 128 bits of mantissa * 10^exponent, and the power of two that the first one counts.
 */
static int32_t product(uint64_t mantissa, int32_t exponent, uint64_t *out_high, uint64_t *out_low)
{
    const uint64_t *power = powers[exponent + MAX_POWER];
    int shift = __builtin_clzll(mantissa);
    uint64_t high;
    uint64_t low;
    uint64_t below;
    uint64_t ignored;
    int32_t top;

    multiply(mantissa << shift, power[0], &high, &low);
    multiply(mantissa << shift, power[1], &below, &ignored);
    low += below;
    high += low < below;
    /* floor(exponent * log2(10)): 217706 / 2^16 is near enough for exponents this small. */
    top = ((exponent * 217706) >> 16) - shift + 64;
    if (high >> 63 == 0) {
        high = high << 1 | low >> 63;
        low <<= 1;
        top--;
    }
    *out_high = high;
    *out_low = low;
    return top;
}

bool dwi_decimal_to_double(uint64_t mantissa, int32_t exponent, double *out)
{
    const uint64_t half = UINT64_C(1) << (62 - MANTISSA_BITS);
    uint64_t high;
    uint64_t low;
    uint64_t rest;
    uint64_t bits;
    int32_t top;

    if (mantissa == 0) {
        *out = 0;
        return true;
    }
    if (exponent < -MAX_POWER || exponent > MAX_POWER)
        return false;
    top = product(mantissa, exponent, &high, &low);
    rest = high & (2 * half - 1);
    /* After a shift to the left the error is below 4. */
    if ((rest == half - 1 && low >= UINT64_MAX - 3) || (rest == half && low == 0))
        return false;
    bits = (high >> (63 - MANTISSA_BITS)) + (rest >= half);
    /* The leading 1 of the mantissa, or of one that rounding carried into a new bit, adds one to
     * the exponent that the bits before it hold. */
    bits += (uint64_t)(top + BIAS - 1) << MANTISSA_BITS;
    memcpy(out, &bits, sizeof(bits));
    return true;
}
