/* SPDX-License-Identifier: MIT
 *
 * Uses functions of macOS's that the loader does not know.
 */
extern int mbr_uid_to_uuid(unsigned, unsigned char *), newlocale(int, const char *, void *);

int main(void)
{
    unsigned char id[16];
    return mbr_uid_to_uuid(0, id) + newlocale(0, "C", 0);
}
