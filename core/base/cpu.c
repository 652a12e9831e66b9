/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/base/cpu.h"

#include <cpuid.h>

#define CPUID_1_ECX_VMX (1u << 5)
#define CPUID_80000001_ECX_SVM (1u << 2)

static unsigned ecx_of(unsigned leaf)
{
    unsigned a, b, c, d;

    return __get_cpuid(leaf, &a, &b, &c, &d) ? c : 0;
}

bool cpu_has_virtualization(void)
{
    return (ecx_of(1) & CPUID_1_ECX_VMX) || (ecx_of(0x80000001) & CPUID_80000001_ECX_SVM);
}
