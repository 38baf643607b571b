// SPDX-License-Identifier: GPL-2.0-or-later
/* The entry of the image: what the host finds first, and all that it knows of the kernel side. */
#include "compat.h"
#include "glue.h"

/* Where the host writes its functions: no state, and so in a page of its own. */
struct world_host world_real_host __section(".host") __aligned(PAGE_SIZE);

/* The host may map more, but no less. */
static_assert(BITS_PER_TYPE(struct world_host) / 8 <= PAGE_SIZE);
static_assert(offsetof(struct world_host, wipe) == WORLD_HOST_CALLS * sizeof(void*));

/*
 * What the kernel calls in their place. All of it that is in registers is on its stack while the
 * host runs, so that this is all that the kernel knows; and of the host nothing is left in
 * registers.
 */
asm(".text\n"
    ".globl world_host\n"
    ".type world_host_call, @function\n"
    "world_host_call:\n"
    ".set slot, 0\n"
    ".rept " __stringify(WORLD_HOST_CALLS) "\n"
    ".pushsection .rodata.world_host, \"a\"\n"
    "  .if slot == 0\n"
    "  .balign 8\n"
    "world_host:\n"
    "  .endif\n"
    "  .quad 1f\n"
    ".popsection\n"
    "1:\n"
    "  push %rbp\n"
    "  mov %rsp, %rbp\n"
    "  push %rbx\n"
    "  push %r12\n"
    "  push %r13\n"
    "  push %r14\n"
    "  push %r15\n"
    "  sub $8, %rsp\n"
    "  call *world_real_host + 8 * slot\n"
    "  jmp world_host_return\n"
    "  .set slot, slot + 1\n"
    ".endr\n"
    "world_host_return:\n"
    "  mov world_real_host + 8 * slot, %rcx\n"
    "  test %rcx, %rcx\n"
    "  jz 2f\n"
    "  mov %rax, %rdx\n"
    "  neg %rcx\n"
    "  lea (%rsp,%rcx,8), %rdi\n"
    "  neg %rcx\n"
    "  xor %eax, %eax\n"
    "  rep stosq\n"
    "  mov %rdx, %rax\n"
    "2:\n"
    "  xor %ecx, %ecx\n"
    "  xor %edx, %edx\n"
    "  xor %esi, %esi\n"
    "  xor %edi, %edi\n"
    "  xor %r8d, %r8d\n"
    "  xor %r9d, %r9d\n"
    "  xor %r10d, %r10d\n"
    "  xor %r11d, %r11d\n"
    "  add $8, %rsp\n"
    "  pop %r15\n"
    "  pop %r14\n"
    "  pop %r13\n"
    "  pop %r12\n"
    "  pop %rbx\n"
    "  pop %rbp\n"
    "  ret\n"
    ".size world_host_call, . - world_host_call\n");

const struct world_exports world_exports = {
    .magic = WORLD_MAGIC,
    .abi = WORLD_ABI,
    .size = sizeof(struct world_exports),
    .about = WORLD_ABOUT,
    .order_of_block = PFN_SECTION_SHIFT,
    .order_of_pageblock = pageblock_order,
    .largest_order = WORLD_LARGEST_ORDER,
    .debug_vm = IS_ENABLED(CONFIG_DEBUG_VM),
    .host = &world_real_host,
    .text = world_text_start,
    .text_end = world_text_end,
    .state = world_state_start,
    .state_end = world_state_end,
    .absent = world_absent_start,
    .absent_end = world_absent_end,
    .absent_names = world_absent_names,
    .coverage = world_coverage,
    .arena_used = &world_arena_used,
    .page = {.map = (char* const*)&world_page_map,
             .size = sizeof(struct page),
             .count = offsetof(struct page, _refcount),
             .flags = offsetof(struct page, flags),
             .type = offsetof(struct page, page_type),
             .order = offsetof(struct page, private),
             .lru = 1ul << PG_lru,
             .reserved = 1ul << PG_reserved,
             .buddy_mask = WORLD_TYPE_MASK(buddy),
             .buddy = WORLD_TYPE(buddy),
             .offline_mask = WORLD_TYPE_MASK(offline),
             .offline = WORLD_TYPE(offline)},
    .calls = (const struct world_calls* const*)&world_calls,
    .function_return = world_function_return,
    .function_entry = world_function_entry,
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
    .note_pageblock = world_note_pageblock,
    .see_pages = world_see_pages,
    .see_struct_page = world_see_struct_page,
    .see_pageblock = world_see_pageblock,
    .see_nr_pcp_pages = world_see_nr_pcp_pages,
    .see_pcp_pages = world_see_pcp_pages,
    .see_zone = world_see_zone,
    .see_node = world_see_node,
    .see_block = world_see_block,
    .see_resource = world_see_resource,
    .driver = world_driver_start,
    .driver_end = world_driver_end,
    .driver_data = world_driver_data_start,
    .driver_data_end = world_driver_data_end,
    .driver_initcalls = world_driver_initcalls_start,
    .driver_initcalls_end = world_driver_initcalls_end,
    .removers = world_driver_removers,
    .set_param = world_set_param,
    .init_driver = world_init_driver,
    .write_enable = world_write_enable,
    .read_enable = world_read_enable,
    .open_trace = world_open_trace,
    .read_trace = world_read_trace,
    .mmap_trace = world_mmap_trace,
    .close_trace = world_close_trace,
    .exit_mmap = world_exit_mmap,
    .next_object = world_next_object,
    .page_names = world_page_names,
    .see_leaked_devices = world_see_leaked_devices,
    .reached = &world_reached,
    .see_cached = world_see_cached,
};
