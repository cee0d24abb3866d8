//! The memory of the vocabulary's table: slots of 32 bytes, two to a line of the processor's cache and none across one.
//!
//! A `Vec<[u64; 4]>` would do the same, but begins where the allocator likes, so that half of the slots would take two
//! lines. A large table is looked up all over, so the kernel is asked for large pages, where it gives them only to who
//! asks: a quarter less time on the text of a large vocabulary.

/// A word's key, and what is kept of the word.
pub type Slot = [u64; 4];

/// Numbers in a line of the cache.
const LINE: usize = 8;
/// Bytes above which large pages are asked for.
#[cfg(target_os = "linux")]
const LARGE: usize = 4 << 20;

/// Slots, all zeros at first, their number a power of two.
pub struct Slots {
    numbers: Vec<u64>,
    /// Where the first slot begins.
    first: usize,
    last: usize,
}

impl Slots {
    /// Make so many slots.
    #[must_use]
    pub fn new(count: usize) -> Self {
        debug_assert!(count.is_power_of_two());
        let numbers = vec![0; 4 * count + LINE - 1];
        ask_for_large_pages(&numbers);
        let first = numbers.as_ptr().align_offset(8 * LINE).min(LINE - 1);
        Self { numbers, first, last: count - 1 }
    }

    /// Return how many slots there are.
    #[inline]
    #[must_use]
    pub fn count(&self) -> usize {
        self.last + 1
    }

    /// Return the place at which a look-up of this hash begins.
    #[inline]
    #[must_use]
    pub fn place(&self, hash: u64) -> usize {
        hash as usize & self.last
    }

    /// Return the place after another, the first after the last.
    #[inline]
    #[must_use]
    pub fn after(&self, place: usize) -> usize {
        (place + 1) & self.last
    }

    /// Return the slot at a place.
    #[inline]
    #[must_use]
    pub fn at(&mut self, place: usize) -> &mut Slot {
        let (slots, _) = self.numbers[self.first..].as_chunks_mut();
        &mut slots[place]
    }

    /// Go through all slots.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        let (slots, _) = self.numbers[self.first..].as_chunks();
        slots[..self.count()].iter()
    }

    /// Ask the processor to bring the slot of this hash into its cache; on other processors than x86-64 this does
    /// nothing.
    #[inline]
    #[cfg_attr(target_arch = "x86_64", allow(unsafe_code, reason = "a prefetch is an instruction of the processor"))]
    pub fn prefetch(&self, hash: u64) {
        let at = self.first + 4 * self.place(hash);
        debug_assert!(at < self.numbers.len());
        #[cfg(target_arch = "x86_64")]
        {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            let address = self.numbers.as_ptr().wrapping_add(at);
            debug_assert!(self.numbers.as_ptr_range().contains(&address));
            // SAFETY: a prefetch reads no memory as far as the program can tell and faults at no address whatever;
            // every x86-64 has it.
            unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast()) };
        }
    }
}

/// Ask the kernel for large pages, before the memory is touched for the first time.
#[cfg_attr(target_os = "linux", allow(unsafe_code, reason = "the kernel is asked by a call of C"))]
pub(crate) fn ask_for_large_pages<Any>(memory: &[Any]) {
    #[cfg(target_os = "linux")]
    if size_of_val(memory) >= LARGE {
        const PAGE: usize = 1 << 12;
        let range = memory.as_ptr_range();
        let begin = range.start.addr().next_multiple_of(PAGE);
        let end = range.end.addr() / PAGE * PAGE;
        debug_assert!(range.start.addr() <= begin && begin < end && end <= range.end.addr());
        // SAFETY: the range lies within memory that is `memory`'s, and this advice changes nothing that a
        // program can read there. It may be refused; then pages are small.
        unsafe { libc::madvise(range.start.with_addr(begin).cast_mut().cast(), end - begin, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_lie_in_lines_and_apart() {
        for count in [1, 2, 1 << 10, 1 << 18] {
            let mut slots = Slots::new(count);
            assert_eq!(slots.count(), count);
            for place in [0, count / 2, count - 1] {
                let address = std::ptr::from_ref(slots.at(place)).addr();
                assert_eq!(address % 32, 0);
                slots.at(place)[3] += 1;
                slots.prefetch(place as u64);
            }
            assert_eq!(slots.iter().map(|slot| slot[3]).sum::<u64>(), 3);
            assert_eq!(slots.iter().count(), count);
            assert_eq!((slots.after(count - 1), slots.place(u64::MAX)), (0, count - 1));
        }
    }
}
