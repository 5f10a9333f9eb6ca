package athanor.nn.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import athanor.engine.Backend;
import athanor.engine.DType;
import athanor.engine.GradMode;
import athanor.engine.Gradients;
import athanor.engine.HostBuffer;
import athanor.engine.Shape;
import athanor.engine.Tensor;
import athanor.engine.Workspace;
import athanor.kernels.random.PhiloxKey;
import athanor.nn.Module;
import athanor.nn.Summary;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ModelsTest {
    private static final PhiloxKey KEY = PhiloxKey.of(5);

    private static Module create(String name, int classes, int channels, int side) {
        return Models.create(name, classes, channels, side, Optional.empty());
    }

    @Test
    void parameterCountsAreThoseOfTorchvisionAndThePapers() {
        assertThat(create("resnet18", 1000, 3, 224).parameterCount()).isEqualTo(11_689_512);
        assertThat(create("resnet34", 1000, 3, 224).parameterCount()).isEqualTo(21_797_672);
        assertThat(create("resnet50", 1000, 3, 224).parameterCount()).isEqualTo(25_557_032);
        assertThat(create("resnet101", 1000, 3, 224).parameterCount()).isEqualTo(44_549_160);
        assertThat(create("resnet152", 1000, 3, 224).parameterCount()).isEqualTo(60_192_808);
        assertThat(create("resnet50", 10, 3, 32).parameterCount()).isEqualTo(23_520_842);
        assertThat(create("resnet50", 10, 3, 224).parameterCount()).isEqualTo(23_528_522);
        assertThat(create("resnet20", 10, 3, 32).parameterCount()).isEqualTo(272_474);
        assertThat(create("resnet56", 10, 3, 32).parameterCount()).isEqualTo(855_770);
        assertThat(create("resnet110", 10, 3, 32).parameterCount()).isEqualTo(1_730_714);
        assertThat(create("resnet9", 10, 3, 32).parameterCount()).isEqualTo(6_573_120);
        assertThat(create("alexnet", 1000, 3, 224).parameterCount()).isEqualTo(61_100_840);
        assertThat(create("cnn", 10, 1, 28).parameterCount()).isEqualTo(225_034);
        assertThat(create("simple-alexnet", 10, 1, 224).parameter("7.weight").shape())
                .isEqualTo(Shape.of(256, 192 * 13 * 13));
    }

    @Test
    void namesOfResNet50AreTorchvisions() {
        List<String> expected = new ArrayList<>(List.of("conv1.weight", "bn1.weight", "bn1.bias"));
        int[] blocks = {3, 4, 6, 3};
        for (int stage = 1; stage <= 4; stage++) {
            for (int block = 0; block < blocks[stage - 1]; block++) {
                String prefix = "layer" + stage + "." + block + ".";
                for (int i = 1; i <= 3; i++) {
                    expected.add(prefix + "conv" + i + ".weight");
                    expected.add(prefix + "bn" + i + ".weight");
                    expected.add(prefix + "bn" + i + ".bias");
                }
                if (block == 0) {
                    expected.add(prefix + "downsample.0.weight");
                    expected.add(prefix + "downsample.1.weight");
                    expected.add(prefix + "downsample.1.bias");
                }
            }
        }
        expected.addAll(List.of("fc.weight", "fc.bias"));
        Module model = create("resnet50", 1000, 3, 224);
        assertThat(expected).hasSize(161);
        assertThat(model.parameters().keySet()).containsExactlyElementsOf(expected);
        assertThat(model.buffers())
                .hasSize(2 * 53)
                .containsKey("layer4.0.downsample.1.running_var");
    }

    @Test
    void namesOfAlexNetAreTorchvisions() {
        assertThat(create("alexnet", 10, 3, 224).parameters().keySet())
                .filteredOn(name -> name.endsWith("weight"))
                .containsExactly(
                        "features.0.weight",
                        "features.3.weight",
                        "features.6.weight",
                        "features.8.weight",
                        "features.10.weight",
                        "classifier.1.weight",
                        "classifier.4.weight",
                        "classifier.6.weight");
    }

    @Test
    void everyModelMakesLogitsOfAnImageAndKeepsNothingElse() {
        for (Models.Entry entry : Models.all()) {
            if (List.of("resnet34", "resnet101", "resnet152", "resnet110", "alexnet")
                    .contains(entry.name())) {
                continue; // the same code as others, and large
            }
            Optional<Stem> stem = Optional.empty();
            int side = Math.max(entry.smallestImage(), 9);
            Module model = entry.maker().make(7, 2, side, stem);
            model.initialize(KEY);
            model.train(false);
            try (Workspace _ = Workspace.open()) {
                Tensor x =
                        Tensor.uniform(
                                Backend.cpu(), DType.FLOAT32, Shape.of(1, side, side, 2), KEY);
                long before = Backend.cpu().memory().live();
                Tensor y = GradMode.off(() -> model.forward(x));
                assertThat(y.shape()).as(entry.name()).isEqualTo(Shape.of(1, 7));
                assertThat(Backend.cpu().memory().live() - before)
                        .as(entry.name())
                        .isLessThan(1024);
            }
        }
    }

    @Test
    void theGradientReachesEveryParameter() {
        for (String name : List.of("resnet8", "resnet50", "resnet9", "cnn")) {
            Module model = create(name, 3, 1, name.equals("cnn") ? 10 : 32);
            model.initialize(KEY);
            try (Workspace _ = Workspace.open()) {
                Tensor x =
                        Tensor.uniform(Backend.cpu(), DType.FLOAT32, Shape.of(2, 10, 10, 1), KEY);
                Tensor labels =
                        Tensor.of(Backend.cpu(), Shape.of(2), HostBuffer.of(new int[] {1, 2}));
                Gradients gradients = model.forward(x).crossEntropy(labels).backward();
                for (var parameter : model.parameters().entrySet()) {
                    Tensor gradient = gradients.of(parameter.getValue().tensor()).orElseThrow();
                    assertThat(gradient.abs().sum().item())
                            .as(name + " " + parameter.getKey())
                            .isPositive();
                }
            }
        }
    }

    @Test
    void zeroInitialBlocksBeginAsTheirShortcut() {
        Module model = ResNet.ofCifar(8, Stem.CIFAR, 3, 10);
        model.initialize(KEY);
        ResNet.zeroLastNorms(model);
        for (var parameter : model.parameters().entrySet()) {
            if (parameter.getKey().endsWith("bn2.weight")) {
                assertThat(parameter.getValue().tensor().toFloats()).containsOnly(0);
            }
            if (parameter.getKey().endsWith("bn1.weight")) {
                assertThat(parameter.getValue().tensor().toFloats()).containsOnly(1);
            }
        }
    }

    @Test
    void theStemFollowsTheImageUnlessToldOtherwise() {
        assertThat(stemSide(create("resnet18", 10, 3, 32))).isEqualTo(3);
        assertThat(stemSide(create("resnet18", 10, 3, 28))).isEqualTo(7);
        assertThat(stemSide(Models.create("resnet18", 10, 3, 28, Optional.of(Stem.CIFAR))))
                .isEqualTo(3);
        assertThat(stemSide(create("resnet20", 10, 3, 28))).isEqualTo(3);
        assertThatThrownBy(() -> Models.create("cnn", 10, 1, 28, Optional.of(Stem.CIFAR)))
                .hasMessageContaining("cnn has no choice of stem");
    }

    private static int stemSide(Module model) {
        return model.parameter("conv1.weight").shape().dim(1);
    }

    @Test
    void resNet50OnCifarCostsWhatIsKnown() {
        Module model = create("resnet50", 10, 3, 32);
        model.initialize(KEY);
        // At a quarter of the side, convolutions cost a sixteenth and the classifier the same.
        Summary summary = Summary.of(model, Shape.of(8, 8, 3));
        long classifier = 2048 * 10;
        double full = 16.0 * (summary.multiplyAdds() - classifier) + classifier;
        assertThat(Math.round(full / 1e6)).isEqualTo(1298);
        assertThat(summary.layers()).hasSize(53 * 2 + 3);
        assertThat(summary.layers().stream().mapToLong(Summary.Layer::parameters).sum())
                .isEqualTo(23_520_842);
    }

    @Test
    void wrongWishesAreRefusedInOneLine() {
        assertThatThrownBy(() -> create("resnet51", 10, 3, 32))
                .hasMessage(
                        "unknown model 'resnet51'; the nearest are resnet50, resnet56, resnet18");
        assertThatThrownBy(() -> create("resnet18", 0, 3, 32)).hasMessageContaining("0 classes");
        assertThatThrownBy(() -> create("simple-alexnet", 10, 1, 28))
                .hasMessage(
                        "simple-alexnet: images of 28x28 are too small; it takes 31x31 and more");
        assertThatThrownBy(() -> ResNet.ofImageNet(19, Stem.CIFAR, 3, 10))
                .hasMessageContaining("18, 34, 50, 101 or 152");
        assertThatThrownBy(() -> ResNet.ofCifar(18, Stem.CIFAR, 3, 10))
                .hasMessageContaining("6n + 2");
    }
}
