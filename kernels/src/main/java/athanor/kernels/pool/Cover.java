package athanor.kernels.pool;

/// Which windows cover each place along one axis: those from `first[i]` to `last[i]`, none where
/// last is less. Windows start and end in ascending order, so they are neighbours.
record Cover(int[] first, int[] last) {
    static Cover of(int size, int[] start, int[] end) {
        int[] first = new int[size];
        int[] last = new int[size];
        int from = 0;
        int to = -1;
        for (int i = 0; i < size; i++) {
            while (from < end.length && end[from] <= i) {
                from++;
            }
            while (to + 1 < start.length && start[to + 1] <= i) {
                to++;
            }
            first[i] = from;
            last[i] = to;
        }
        return new Cover(first, last);
    }
}
