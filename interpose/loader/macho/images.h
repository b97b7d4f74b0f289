/* SPDX-License-Identifier: MIT
 *
 * dyld's images, as it tells of them when they come and go. For object.h, which answers from this table without a lock.
 */
#ifndef MT_IMAGES_H
#define MT_IMAGES_H

/* Have dyld tell of all images, those that there are now and later ones; `removed` is called when one goes, with the guard set and
 * no lock of ours held. Calls dyld. Once, by the constructor, guard set. */
void mt_images_begin(void (*removed)(void));

#endif
