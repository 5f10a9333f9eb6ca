package athanor.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Which classes (rows) were taken for which (columns): as a table, or of many classes the pairs
/// most often mixed up.
record ConfusionText(List<String> classNames, int[][] counts) {
    private static final int MOST_CLASSES = 20;
    private static final int PAIRS = 20;

    private record Pair(int count, int actual, int taken) {}

    @Override
    public String toString() {
        return classNames.size() <= MOST_CLASSES ? table() : worst();
    }

    private String table() {
        int name = classNames.stream().mapToInt(String::length).max().orElse(1);
        int width = 1;
        for (int[] row : counts) {
            for (int count : row) {
                width = Math.max(width, String.valueOf(count).length());
            }
        }
        width = Math.max(width, String.valueOf(classNames.size() - 1).length());
        StringBuilder text = new StringBuilder("rows: the class; columns: what it was taken for\n");
        text.append(" ".repeat(name + 5));
        for (int c = 0; c < counts.length; c++) {
            text.append((" %" + width + "d").formatted(c));
        }
        text.append("   right\n");
        for (int c = 0; c < counts.length; c++) {
            text.append(("%4d %-" + name + "s").formatted(c, classNames.get(c)));
            long sum = 0;
            for (int count : counts[c]) {
                sum += count;
                text.append(
                        (" %" + width + "s").formatted(count == 0 ? "." : String.valueOf(count)));
            }
            text.append("  %5.1f %%\n".formatted(sum == 0 ? 0 : 100.0 * counts[c][c] / sum));
        }
        return text.toString();
    }

    private String worst() {
        List<Pair> pairs = new ArrayList<>();
        for (int actual = 0; actual < counts.length; actual++) {
            for (int taken = 0; taken < counts.length; taken++) {
                if (actual != taken && counts[actual][taken] > 0) {
                    pairs.add(new Pair(counts[actual][taken], actual, taken));
                }
            }
        }
        pairs.sort(Comparator.comparingInt(Pair::count).reversed());
        StringBuilder text = new StringBuilder("most often mixed up:\n");
        for (Pair pair : pairs.subList(0, Math.min(PAIRS, pairs.size()))) {
            text.append(
                    "%6d  %s taken for %s\n"
                            .formatted(
                                    pair.count,
                                    classNames.get(pair.actual),
                                    classNames.get(pair.taken)));
        }
        return text.toString();
    }
}
