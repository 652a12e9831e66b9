/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the processor says of itself.
 */
#ifndef CORE_BASE_CPU_H
#define CORE_BASE_CPU_H

#include <stdbool.h>

/*
 * Has it hardware virtualization (VT-x or SVM)?  A /dev/kvm without it belongs to a KVM in software
 * (PVM), which makes machines and then runs only kernels made for it: ours would spin for ever.
 * Source: CPUID 1 ECX bit 5 (Intel SDM), CPUID 80000001h ECX bit 2 (AMD APM).
 */
bool cpu_has_virtualization(void);

#endif
