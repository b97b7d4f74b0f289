/* SPDX-License-Identifier: MIT */
int outside(int n);
int outside(int n)
{
    return n ^ 0x55;
}
