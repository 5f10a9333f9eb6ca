package athanor.train.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class BatchesTest {
    private static final Dataset DATASET = new CountedImages(103, new ImageShape(8, 8, 3));
    private static final Normalization NORMALIZATION = Datasets.named("cifar10").normalization();

    private static DataLoader loader(Dataset dataset, boolean dropLast, int workers) {
        Augmentation augmentation = Augmentation.standard(new ImageShape(32, 32, 3));
        return new DataLoader(
                dataset, NORMALIZATION, augmentation, 10, true, dropLast, 42, workers);
    }

    private record Copy(int number, float[] images, int[] labels) {}

    private static List<Copy> copies(DataLoader loader, int epoch, int startBatch) {
        List<Copy> copies = new ArrayList<>();
        try (Batches batches = loader.epoch(epoch, startBatch)) {
            for (Optional<Batch> next = batches.next(); next.isPresent(); next = batches.next()) {
                try (Batch batch = next.get()) {
                    int length = batch.size() * batch.shape().size();
                    copies.add(
                            new Copy(
                                    batch.number(),
                                    Arrays.copyOf(batch.images(), length),
                                    Arrays.copyOf(batch.labels(), batch.size())));
                }
            }
        }
        return copies;
    }

    private static void assertSame(List<Copy> actual, List<Copy> expected) {
        assertThat(actual).hasSameSizeAs(expected);
        for (int i = 0; i < actual.size(); i++) {
            assertThat(actual.get(i).number).isEqualTo(expected.get(i).number);
            assertThat(actual.get(i).images).isEqualTo(expected.get(i).images);
            assertThat(actual.get(i).labels).isEqualTo(expected.get(i).labels);
        }
    }

    @Test
    void anyNumberOfWorkersGivesTheSameBits() {
        List<Copy> alone = copies(loader(DATASET, false, 0), 3, 0);
        assertThat(alone).hasSize(11);
        assertThat(alone.getLast().labels).hasSize(3);
        for (int workers : new int[] {1, 2, 5, 20}) {
            for (int repetition = 0; repetition < 20; repetition++) {
                assertSame(copies(loader(DATASET, false, workers), 3, 0), alone);
            }
        }
    }

    @Test
    void anEpochCanBeginInTheMiddle() {
        List<Copy> whole = copies(loader(DATASET, true, 2), 1, 0);
        for (int start = 0; start <= 10; start++) {
            assertSame(copies(loader(DATASET, true, 2), 1, start), whole.subList(start, 10));
        }
        assertThatThrownBy(() -> loader(DATASET, true, 2).epoch(1, 11))
                .hasMessageContaining("an epoch has 10 batches");
    }

    @Test
    void anEpochShowsEverySampleOnceInAnOrderOfItsOwn() {
        DataLoader loader = loader(DATASET, false, 0);
        int[] first = loader.order(0);
        assertThat(loader.order(1)).isNotEqualTo(first);
        assertThat(loader.order(0)).isEqualTo(first);
        Arrays.sort(first);
        for (int i = 0; i < 103; i++) {
            assertThat(first[i]).isEqualTo(i);
        }
    }

    @Test
    void augmentationDependsOnEpochAndSampleNotOnTheBatch() {
        DataLoader tens = loader(DATASET, false, 0);
        DataLoader ones =
                new DataLoader(DATASET, NORMALIZATION, tens.augmentation(), 1, true, false, 42, 0);
        List<Copy> single = copies(ones, 5, 0);
        List<Copy> ten = copies(tens, 5, 0);
        for (int i = 0; i < 103; i++) {
            float[] images = ten.get(i / 10).images;
            assertThat(Arrays.copyOfRange(images, i % 10 * 192, i % 10 * 192 + 192))
                    .isEqualTo(single.get(i).images);
        }
        assertThat(copies(ones, 6, 0).getFirst().images).isNotEqualTo(single.getFirst().images);
    }

    @Test
    void evaluationShowsTheImagesAsTheyAreInTheirOrder() {
        List<Copy> batches = copies(DataLoader.evaluation(DATASET, NORMALIZATION, 50, 2), 0, 0);
        float[] table = NORMALIZATION.table();
        for (int n = 0; n < 103; n++) {
            Copy batch = batches.get(n / 50);
            assertThat(batch.labels[n % 50]).isEqualTo(n % 10);
            for (int i = 0; i < 192; i++) {
                assertThat(batch.images[n % 50 * 192 + i])
                        .isEqualTo(table[256 * (i % 3) + (31 * n + 7 * i) % 256]);
            }
        }
    }

    @Test
    void arraysAreUsedAgain() {
        Set<float[]> arrays = Collections.newSetFromMap(new IdentityHashMap<>());
        try (Batches batches = loader(DATASET, false, 1).epoch(0)) {
            for (Optional<Batch> next = batches.next(); next.isPresent(); next = batches.next()) {
                arrays.add(next.get().images());
                next.get().close();
                next.get().close();
            }
        }
        assertThat(arrays).hasSizeLessThanOrEqualTo(3);
    }

    @Test
    void holdingAllBatchesIsAnErrorAndNotAStandstill() {
        for (int workers = 0; workers < 3; workers++) {
            try (Batches batches = loader(DATASET, false, workers).epoch(0)) {
                assertThatThrownBy(
                                () -> {
                                    while (batches.next().isPresent()) {}
                                })
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageContaining("close()");
            }
        }
    }

    /// Counts reads, is slow, and cannot read one image.
    private record Broken(AtomicInteger reads, RuntimeException problem, int broken, Duration pause)
            implements Dataset {
        @Override
        public String name() {
            return "broken";
        }

        @Override
        public int size() {
            return 103;
        }

        @Override
        public List<String> classNames() {
            return DATASET.classNames();
        }

        @Override
        public ImageShape shape() {
            return DATASET.shape();
        }

        @Override
        public int label(int index) {
            return 0;
        }

        @Override
        public void read(int index, byte[] pixels) {
            reads.incrementAndGet();
            try {
                Thread.sleep(pause);
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            if (index == broken) {
                throw problem;
            }
        }
    }

    @Test
    void whatAWorkerFailsWithReachesTheCallerInItsTurn() {
        DataProblem problem = new DataProblem("image", "broken", "mend it");
        Broken dataset = new Broken(new AtomicInteger(), problem, 37, Duration.ZERO);
        for (int workers = 0; workers < 5; workers++) {
            try (Batches batches =
                    DataLoader.evaluation(dataset, NORMALIZATION, 10, workers).epoch(0)) {
                for (int i = 0; i < 3; i++) {
                    batches.next().orElseThrow().close();
                }
                assertThatThrownBy(batches::next).isSameAs(problem);
            }
        }
    }

    @Test
    void closingStopsTheWorkersAfterTheImageTheyAreAt() {
        AtomicInteger reads = new AtomicInteger();
        Broken slow = new Broken(reads, new IllegalStateException(), -1, Duration.ofMillis(20));
        Batches batches = DataLoader.evaluation(slow, NORMALIZATION, 100, 2).epoch(0);
        batches.close();
        assertThat(reads.get()).isLessThanOrEqualTo(4);
        int after = reads.get();
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(t -> t.getName().startsWith("athanor-data-"));
        assertThat(reads.get()).isEqualTo(after);
        assertThatThrownBy(batches::next).hasMessageContaining("closed");
    }

    @Test
    void batchesThatCannotBeAreRefused() {
        Augmentation none = Augmentation.none();
        assertThatThrownBy(
                        () -> new DataLoader(DATASET, NORMALIZATION, none, 104, true, true, 0, 0))
                .isInstanceOf(DataProblem.class)
                .hasMessage(
                        "counted: its 103 images do not fill one batch of 104; choose a smaller --batch-size");
        assertThatThrownBy(
                        () ->
                                new DataLoader(
                                        DATASET,
                                        NORMALIZATION,
                                        none,
                                        12_000_000,
                                        true,
                                        false,
                                        0,
                                        0))
                .hasMessageContaining("more than an array can hold");
        assertThatThrownBy(
                        () ->
                                new DataLoader(
                                        DATASET,
                                        Datasets.named("mnist").normalization(),
                                        none,
                                        1,
                                        true,
                                        true,
                                        0,
                                        0))
                .hasMessage("counted has images of 3 channels, the normalization is for 1");
    }

    // ---- parts of batches ----

    /// What the parts of a batch hold, one behind the other; those that do not count are left out.
    private static List<Copy> together(DataLoader loader, int ranks) {
        List<List<Batch>> parts = new ArrayList<>();
        List<Copy> whole = new ArrayList<>();
        for (int r = 0; r < ranks; r++) {
            List<Batch> own = new ArrayList<>();
            // Never closed, so that the arrays stay as they are.
            for (int b = 0; b < loader.batches(); b++) {
                Batches one = loader.of(new Part(r, ranks)).epoch(3, b);
                own.add(one.next().orElseThrow());
            }
            parts.add(own);
        }
        for (int b = 0; b < loader.batches(); b++) {
            Copy copy = new Copy(b, new float[0], new int[0]);
            double weight = 0;
            for (List<Batch> own : parts) {
                Batch batch = own.get(b);
                assertThat(batch.number()).isEqualTo(b);
                assertThat(batch.size()).isPositive();
                weight += batch.weight();
                if (batch.weight() > 0) {
                    assertThat(batch.weight() * batch.wholeSize()).isEqualTo(batch.size());
                    copy = joined(copy, batch);
                }
            }
            assertThat(weight).isCloseTo(1, org.assertj.core.api.Assertions.within(1e-12));
            whole.add(copy);
        }
        return whole;
    }

    private static Copy joined(Copy before, Batch batch) {
        int length = batch.size() * batch.shape().size();
        float[] images = Arrays.copyOf(before.images, before.images.length + length);
        System.arraycopy(batch.images(), 0, images, before.images.length, length);
        int[] labels = Arrays.copyOf(before.labels, before.labels.length + batch.size());
        System.arraycopy(batch.labels(), 0, labels, before.labels.length, batch.size());
        return new Copy(before.number, images, labels);
    }

    @Test
    void thePartsOfTheRanksAreTheWholeBatches() {
        DataLoader loader = loader(DATASET, false, 0);
        for (int ranks : new int[] {1, 2, 3, 4, 10}) {
            // The last batch has 3 images.
            assertSame(together(loader, ranks), copies(loader, 3, 0));
        }
    }

    @Test
    void everyRankHasItsTurnOfTheBatchesInTheirOrder() {
        DataLoader loader = DataLoader.evaluation(DATASET, NORMALIZATION, 10, 0);
        List<Copy> all = copies(loader, 0, 0);
        for (int ranks : new int[] {1, 2, 4, 12}) {
            for (int r = 0; r < ranks; r++) {
                List<Copy> own = copies(loader.everyBatch(new Part(r, ranks)), 0, 0);
                assertThat(own).hasSize((11 - r + ranks - 1) / ranks);
                for (int i = 0; i < own.size(); i++) {
                    assertThat(own.get(i).images).isEqualTo(all.get(r + i * ranks).images);
                    assertThat(own.get(i).labels).isEqualTo(all.get(r + i * ranks).labels);
                }
            }
        }
    }
}
