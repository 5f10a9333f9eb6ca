package athanor.train;

import athanor.engine.Communicator;
import athanor.nn.Module;
import athanor.train.data.Dataset;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.zip.CRC32;

/// That all ranks train the same: the first in which they differ ends the training before it
/// begins.
public final class Agreement {
    /// What may differ: it says where a machine keeps things, and how much of it to use.
    public static final Set<Setting> OF_MACHINE =
            EnumSet.of(Setting.DATA_DIR, Setting.THREADS, Setting.WORKERS);
    private static final int SAMPLES = 16;

    private Agreement() {}

    /// Compares what is named with that of rank 0, in which all ranks name the same.
    ///
    /// @param self who this rank is
    /// @throws InvalidSetting at rank 0, which is to end all: who differs, and in what
    public static void check(Communicator ranks, String self, Map<String, String> facts) {
        if (ranks.size() == 1) {
            return;
        }
        Map<String, String> ofRoot = Json.map(new FromRoot(ranks).text(() -> Json.text(facts)));
        byte[] complaint = complaint(self, facts, ofRoot).getBytes(StandardCharsets.UTF_8);
        double[] lengths = new double[ranks.size()];
        lengths[ranks.rank()] = complaint.length;
        lengths = ranks.sum(lengths);
        for (int r = 0; r < lengths.length; r++) {
            if (lengths[r] > 0) {
                double[] text = new double[(int) lengths[r]];
                for (int i = 0; i < text.length && r == ranks.rank(); i++) {
                    text[i] = complaint[i];
                }
                refuse(ranks, ranks.sum(text));
            }
        }
    }

    private static void refuse(Communicator ranks, double... text) {
        byte[] bytes = new byte[text.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) text[i];
        }
        if (!ranks.isRoot()) {
            ranks.barrier(); // Rank 0 does not come: it says what is wrong, and ends all.
        }
        throw new InvalidSetting(new String(bytes, StandardCharsets.UTF_8));
    }

    private static String complaint(
            String self, Map<String, String> own, Map<String, String> ofRoot) {
        Map<String, String> all = new LinkedHashMap<>(ofRoot);
        own.forEach(all::putIfAbsent);
        for (String name : all.keySet()) {
            String here = own.getOrDefault(name, "not given");
            String there = ofRoot.getOrDefault(name, "not given");
            if (!here.equals(there)) {
                return "%s has %s = %s, rank 0 has %s; all ranks need the same"
                        .formatted(self, name, here, there);
            }
        }
        return "";
    }

    /// The size of a data set, its classes, and a checksum over all labels and some images.
    static String of(Dataset dataset) {
        CRC32 sum = new CRC32();
        byte[] pixels = new byte[dataset.shape().size()];
        sum.update(String.join("\n", dataset.classNames()).getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < dataset.size(); i++) {
            sum.update(dataset.label(i));
            sum.update(dataset.label(i) >> 8);
        }
        for (int i = 0; i < SAMPLES && dataset.size() > 0; i++) {
            dataset.read((int) ((long) dataset.size() * i / SAMPLES), pixels);
            sum.update(pixels);
        }
        return "%,d images in %d classes with checksum %08x"
                .formatted(dataset.size(), dataset.classes(), sum.getValue());
    }

    static String of(Module model) {
        CRC32 sum = new CRC32();
        model.parameters()
                .forEach(
                        (name, parameter) ->
                                sum.update(
                                        (name + parameter.shape())
                                                .getBytes(StandardCharsets.UTF_8)));
        return "%,d parameters with checksum %08x"
                .formatted(model.parameterCount(), sum.getValue());
    }
}
