// SPDX-License-Identifier: GPL-2.0-or-later
/* The entry of the image: what the host finds first, and all that it knows of the kernel side. */
#include "compat.h"
#include "glue.h"

/* Where the host writes its functions: no state, and so in a page of its own. */
struct world_host world_host __section(".host") __aligned(PAGE_SIZE);

/* The host may map more, but no less. */
static_assert(BITS_PER_TYPE(struct world_host) / 8 <= PAGE_SIZE);

const struct world_exports world_exports = {
    .magic = WORLD_MAGIC,
    .abi = WORLD_ABI,
    .size = sizeof(struct world_exports),
    .about = WORLD_ABOUT,
    .order_of_block = PFN_SECTION_SHIFT,
    .order_of_pageblock = pageblock_order,
    .largest_order = WORLD_LARGEST_ORDER,
    .debug_vm = IS_ENABLED(CONFIG_DEBUG_VM),
    .host = &world_host,
    .text = world_text_start,
    .text_end = world_text_end,
    .state = world_state_start,
    .state_end = world_state_end,
    .absent = world_absent_start,
    .absent_end = world_absent_end,
    .absent_names = world_absent_names,
    .coverage = world_coverage,
    .arena_used = &world_arena_used,
    .boot = world_boot,
    .run = world_run,
    .rest = world_rest,
    .write_state = world_write_state,
    .write_online = world_write_online,
    .write_probe = world_write_probe,
    .write_auto_online = world_write_auto_online,
    .firmware_remove = world_firmware_remove,
    .firmware_add = world_firmware_add,
    .remove_dimms = world_remove_dimms,
    .register_notifier = world_register_notifier,
    .unregister_notifier = world_unregister_notifier,
    .alloc_pages = world_alloc_pages,
    .free_pages = world_free_pages,
    .alloc_contig = world_alloc_contig,
    .free_contig = world_free_contig,
    .get_page = world_get_page,
    .put_page = world_put_page,
    .memory_failure = world_memory_failure,
    .see_pages = world_see_pages,
    .see_zone = world_see_zone,
    .see_node = world_see_node,
    .see_block = world_see_block,
    .see_resource = world_see_resource,
};
