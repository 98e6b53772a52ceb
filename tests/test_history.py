"""Tables and CSV files: what is written can be read again, and the losses stand where the document has them."""

import math

import pytest
import torch

from colorlib.errors import ConfigError, InputError
from colorlib.history import epoch_table, loss_table, read_csv, write_csv
from colorlib.losses import Adversarial
from colorlib.tables import markdown_table
from colorlib.training.progress import alarms

LOSSES = ("loss_D_fake", "loss_D_real", "loss_D", "loss_G_GAN", "loss_G_L1", "loss_G")


def training(epochs):
    """The history of a training: the losses of epoch 7 are 7.00001, 7.00002 and so on."""
    losses = [{name: epoch + i / 1e5 for i, name in enumerate(LOSSES, 1)} for epoch in range(1, epochs + 1)]
    return [
        {"epoch": epoch, "step": 10 * epoch, "lr": 2e-4, **row, "valid_mae": 0.1} for epoch, row in enumerate(losses, 1)
    ]


# ---------------------------------------------------------------- Markdown


def test_markdown_has_words_at_the_left_and_numbers_at_the_right():
    text = markdown_table([["", "MAE (%)", "±"], ["gray", "4.86", "1"], ["oracle mean", "12.96", "1.5 ± 0.25"]])
    assert text == (
        "|             | MAE (%) |          ± |\n"
        "| ----------- | ------: | ---------: |\n"
        "| gray        |    4.86 |          1 |\n"
        "| oracle mean |   12.96 | 1.5 ± 0.25 |"
    )


def test_how_many_columns_are_words():
    lines = [["a", "b", "c"], ["1", "2", "3"]]
    rulers = [markdown_table(lines, left=left).splitlines()[1] for left in (0, 2, 3)]
    assert rulers == ["| --: | --: | --: |", "| --- | --- | --: |", "| --- | --- | --- |"]


def test_lines_of_different_length_are_refused():
    with pytest.raises(ValueError):
        markdown_table([["a", "b"], ["1"]])


def test_history_as_a_table():
    rows = [{"epoch": 9, "loss_G": 7.301804, "lr": 0.0002}, {"epoch": 10, "loss_G": 123456.0, "lr": 2e-7}]
    assert epoch_table(rows) == (
        "| epoch |    loss_G |     lr |\n"
        "| ----: | --------: | -----: |\n"
        "|     9 |     7.302 | 0.0002 |\n"
        "|    10 | 1.235e+05 |  2e-07 |"
    )
    assert epoch_table(rows, ["lr", "epoch"]).splitlines()[0] == "|     lr | epoch |"
    with pytest.raises(ConfigError, match="no column is called 'loss_D'; there are epoch, loss_G, lr"):
        epoch_table(rows, ["loss_D"])


# ---------------------------------------------------------------- CSV


def test_csv_is_read_as_it_was_written(tmp_path):
    rows = [
        {"epoch": 1, "step": -3, "loss_G": 1 / 3, "lr": 2e-7, "whole": 4.0},
        {"epoch": 2, "step": 0, "loss_G": float("inf"), "lr": -1e300, "whole": -0.0},
    ]
    write_csv(rows, tmp_path / "history.csv")
    again = read_csv(tmp_path / "history.csv")
    assert again == rows
    assert [[type(value) for value in row.values()] for row in again] == [[int, int, float, float, float]] * 2
    assert (tmp_path / "history.csv").read_bytes().splitlines()[0] == b"epoch,step,loss_G,lr,whole"
    write_csv(rows[:1], tmp_path / "history.csv")  # replaced as a whole
    assert read_csv(tmp_path / "history.csv") == rows[:1]
    assert [path.name for path in tmp_path.iterdir()] == ["history.csv"]


def test_columns_that_come_later_are_nan_before(tmp_path):
    """As when a training goes on with a newer colorlib that measures more."""
    rows = [{"epoch": 1, "loss_G": 2.0}, {"epoch": 2, "loss_G": 1.0, "valid_mae": 5.0}]
    write_csv(rows, tmp_path / "history.csv")
    first, second = read_csv(tmp_path / "history.csv")
    assert math.isnan(first["valid_mae"]) and second == rows[1]


@pytest.mark.parametrize("damaged", ["3", "3,0.5,7", "three,0.5", "3,"])
def test_a_damaged_csv_is_named(tmp_path, damaged):
    path = tmp_path / "history.csv"
    path.write_text(f"epoch,loss_G\n1,0.25\n\n2,0.5\n{damaged}\n")
    with pytest.raises(InputError, match=r"history\.csv: line 5 isn't a row of 2 numbers"):
        read_csv(path)


# ---------------------------------------------------------------- the losses of the document


def test_losses_at_the_epochs_of_the_document():
    heading, *lines = loss_table(training(25))
    assert heading == ["Loss Metric", "Epoch 5", "Epoch 10", "Epoch 15", "Epoch 20"]
    assert [line[0] for line in lines] == list(LOSSES)
    assert lines[0] == ["loss_D_fake", "5.00001", "10.00001", "15.00001", "20.00001"]
    assert lines[-1] == ["loss_G", "5.00006", "10.00006", "15.00006", "20.00006"]


@pytest.mark.parametrize(
    "length, epochs",
    [
        (1, [1]),
        (2, [1, 2]),
        (3, [1, 2, 3]),
        (4, [1, 2, 3, 4]),
        (5, [2, 3, 4, 5]),
        (8, [2, 4, 6, 8]),
        (10, [3, 5, 8, 10]),
        (19, [5, 10, 15, 19]),
        (20, [5, 10, 15, 20]),
        (200, [5, 10, 15, 20]),
    ],
)
def test_default_epochs(length, epochs):
    assert loss_table(training(length))[0] == ["Loss Metric", *(f"Epoch {epoch}" for epoch in epochs)]


def test_chosen_epochs():
    heading, first, *_ = loss_table(training(8), [7, 2])
    assert heading == ["Loss Metric", "Epoch 7", "Epoch 2"] and first == ["loss_D_fake", "7.00001", "2.00001"]
    with pytest.raises(ConfigError, match="no epoch 9 in this history; it has 1 to 8"):
        loss_table(training(8), [4, 9])


# ---------------------------------------------------------------- alarms


def rows(ratios, losses=None):
    """A history with these colorfulness ratios, and losses of D where it has one."""
    history = [{"epoch": n, "valid_colorfulness_ratio": ratio} for n, ratio in enumerate(ratios, 1)]
    if losses is None:
        return history
    return [row | {"loss_D_fake": d[0], "loss_D_real": d[1]} for row, d in zip(history, losses, strict=True)]


def said_by(history):
    """The epochs after which an alarm was given, with its first words."""
    spoken = [(end, text) for end in range(1, len(history) + 1) for text in alarms(history[:end])]
    return [(epoch, text.split(":")[0]) for epoch, text in spoken]


def test_alarms_are_said_when_they_begin():
    assert said_by(rows([0.8, 0.4, 0.3, 0.7, 0.4])) == [(2, "turning gray"), (5, "turning gray")]
    assert said_by(rows([1.9, 2.1, 3.0])) == [(2, "turning garish")]
    assert said_by(rows([0.3])) == [(1, "turning gray")]
    assert said_by(rows([0.5, 2.0, math.nan])) == []  # nan: the true pictures are gray


def test_the_discriminator_wins_after_two_epochs():
    losses = [(fake, 0.1) for fake in (0.6, 0.04, 0.2, 0.04, 0.03, 0.01)]
    assert said_by(rows([0.8] * 6, losses)) == [(5, "the discriminator wins")]
    assert said_by(rows([0.8] * 6)) == []  # without one


@pytest.mark.parametrize("kind, label", [("bce", 1.0), ("bce", 0.9), ("lsgan", 1.0), ("hinge", 1.0)])
def test_a_discriminator_that_knows_every_pair_is_caught_with_any_loss(kind, label):
    """Its logits, as far apart as the loss wants them; not so where it takes all pairs for generated, or hesitates."""
    true, generated = {"lsgan": (1.0, 0.0), "bce": (math.log(label / (1 - label + 1e-4)), -5.0)}.get(kind, (1.0, -1.0))

    def losses(true_logit, generated_logit):
        loss = Adversarial(kind, label)
        pair = loss.on_generated(torch.tensor([generated_logit])), loss.on_true(torch.tensor([true_logit]))
        return tuple(one.item() for one in pair)

    assert said_by(rows([0.8] * 2, [losses(true, generated)] * 2)) == [(2, "the discriminator wins")]
    assert said_by(rows([0.8] * 2, [losses(generated, generated)] * 2)) == []
    assert said_by(rows([0.8] * 2, [losses((true + generated) / 2, (true + generated) / 2)] * 2)) == []


def test_alarms_say_the_numbers():
    assert "after epoch 2" in alarms(rows([0.9, 2.5]))[0] and "250 %" in alarms(rows([0.9, 2.5]))[0]
    assert "its loss on generated pairs is 0.012" in alarms(rows([1, 1], [(0.02, 0.3), (0.012, 0.3)]))[0]


def test_a_balanced_training_gives_no_alarm():
    assert said_by(rows([0.6, 0.7, 1.2], [(0.69, 0.69), (0.55, 0.6), (0.06, 0.5)])) == []
