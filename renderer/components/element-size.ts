import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue'

/** The element's width in CSS pixels as it changes; `initial` until it is known. */
export function useElementSize(element: Readonly<Ref<HTMLElement | null>>, initial: number): Ref<number> {
  const width = ref(initial)
  let observer: ResizeObserver | null = null

  onMounted(() => {
    if (!element.value) return
    observer = new ResizeObserver((entries) => {
      const measured = entries.at(-1)?.contentRect.width ?? 0
      if (measured > 0) width.value = Math.floor(measured)
    })
    observer.observe(element.value)
  })
  onBeforeUnmount(() => observer?.disconnect())
  return width
}
