/* SPDX-License-Identifier: MIT
 *
 * An inserted library may have no thread-local variables: this one has.
 */
_Thread_local int own = 1;
__attribute__((constructor)) static void begin(void)
{
    own++;
}
