package athanor.cli;

import athanor.engine.TapeEntry;
import athanor.nn.Trace;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A tape as text: a line an operation, with what it came from and what it keeps for the way back,
/// and below the first of each kind its formula.
record TapeText(Trace trace) {
    private static final int WIDTH = 96;

    @Override
    public String toString() {
        Map<Long, String> names = new HashMap<>();
        int number = 0;
        for (TapeEntry entry : trace.tape()) {
            names.put(entry.number(), entry.isLeaf() ? layer(entry) : "#" + ++number);
        }
        String format = "%5s  %-22s %-16s %-20s %14s  %s%n";
        StringBuilder text = new StringBuilder();
        text.append(
                format.formatted(
                        "#", "layer", "operation", "output", "keeps bytes", "from; keeps"));
        Set<String> explained = new HashSet<>();
        Set<Object> kept = Collections.newSetFromMap(new IdentityHashMap<>());
        long all = 0;
        for (TapeEntry entry : trace.tape()) {
            if (entry.isLeaf()) {
                continue;
            }
            long bytes = 0;
            List<String> shapes = new ArrayList<>();
            for (TapeEntry.Saved saved : entry.saved()) {
                boolean first = kept.add(saved.storage());
                bytes += first ? saved.bytes() : 0;
                shapes.add(saved.shape() + (first ? "" : " (kept already)"));
            }
            all += bytes;
            text.append(
                    format.formatted(
                            names.get(entry.number()),
                            layer(entry),
                            entry.operation(),
                            entry.shape(),
                            "%,d".formatted(bytes),
                            from(entry, names)
                                    + "; "
                                    + (shapes.isEmpty() ? "nothing" : String.join(", ", shapes))));
            if (explained.add(entry.operation())) {
                wrapped(entry.formula())
                        .forEach(line -> text.append(" ".repeat(9)).append(line).append('\n'));
            }
        }
        text.append(
                "%,d operations keep %,d bytes; parameters are among them%n"
                        .formatted(number, all));
        return text.toString();
    }

    private String layer(TapeEntry entry) {
        Trace.Layer layer = trace.layers().get(entry.number());
        return layer == null ? "" : layer.name();
    }

    private static String from(TapeEntry entry, Map<Long, String> names) {
        Map<String, Boolean> from = new LinkedHashMap<>();
        entry.inputs().forEach(input -> from.put(names.getOrDefault(input, "?"), true));
        return String.join(", ", from.keySet());
    }

    private static List<String> wrapped(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ")) {
            if (line.length() + word.length() > WIDTH) {
                lines.add(line.toString().strip());
                line.setLength(0);
            }
            line.append(word).append(' ');
        }
        lines.add(line.toString().strip());
        return lines;
    }
}
