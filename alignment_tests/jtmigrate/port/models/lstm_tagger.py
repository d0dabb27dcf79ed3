"""A part-of-speech tagger: embeddings, a bidirectional LSTM, a linear layer."""

import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

PAD = 0


def prepare_sequence(seq, to_ix, length):
    idxs = [to_ix[w] for w in seq]
    idxs += [PAD] * (length - len(idxs))
    return torch.tensor(idxs, dtype=torch.long)


class CharCNN(nn.Module):
    def __init__(self, n_chars, char_dim, out_dim, kernel=3):
        super(CharCNN, self).__init__()
        self.embedding = nn.Embedding(n_chars, char_dim, padding_idx=PAD)
        self.conv = nn.Conv1d(char_dim, out_dim, kernel, padding=kernel // 2)

    def forward(self, chars):
        b, t, c = chars.size()
        x = self.embedding(chars.view(b * t, c)).transpose(1, 2)
        x = torch.tanh(self.conv(x))
        x, _ = x.max(dim=2)
        return x.view(b, t, -1)


class LSTMTagger(nn.Module):
    def __init__(self, vocab_size, tagset_size, embedding_dim=12, hidden_dim=10, n_chars=20, dropout=0.5):
        super(LSTMTagger, self).__init__()
        self.hidden_dim = hidden_dim
        self.word_embeddings = nn.Embedding(vocab_size, embedding_dim, padding_idx=PAD)
        self.chars = CharCNN(n_chars, 6, 8)
        self.drop = nn.Dropout(dropout)
        # The LSTM takes word embeddings as inputs, and outputs hidden states
        self.lstm = nn.LSTM(embedding_dim + 8, hidden_dim, num_layers=1, batch_first=True, bidirectional=True)
        self.hidden2tag = nn.Linear(2 * hidden_dim, tagset_size)
        self.init_weights()

    def init_weights(self):
        initrange = 0.1
        self.word_embeddings.weight.data.uniform_(-initrange, initrange)
        self.hidden2tag.bias.data.zero_()
        for name, param in self.lstm.named_parameters():
            if "weight_hh" in name:
                nn.init.orthogonal_(param)
            elif "bias" in name:
                nn.init.zeros_(param)

    def init_hidden(self, batch):
        weight = next(self.parameters())
        return (
            weight.new_zeros(2, batch, self.hidden_dim),
            torch.zeros(2, batch, self.hidden_dim).type_as(weight),
        )

    def forward(self, sentence, chars):
        mask = sentence != PAD
        embeds = torch.cat((self.word_embeddings(sentence), self.chars(chars)), -1)
        embeds = self.drop(embeds)
        lstm_out, (h_n, c_n) = self.lstm(embeds, self.init_hidden(sentence.size(0)))
        tag_space = self.hidden2tag(self.drop(lstm_out))
        tag_space = tag_space.masked_fill(~mask.unsqueeze(-1), -1e4)
        return F.log_softmax(tag_space, dim=2)

    def predict(self, sentence, chars):
        self.eval()
        with torch.no_grad():
            scores = self(sentence, chars)
            best = scores.argmax(dim=-1)
            lengths = (sentence != PAD).sum(dim=1)
        return [tags[:n].tolist() for tags, n in zip(best, lengths.tolist())]


def build():
    torch.manual_seed(7)
    return LSTMTagger(vocab_size=30, tagset_size=5)


def inputs():
    rng = np.random.RandomState(7)
    sentence = rng.randint(1, 30, size=(2, 5))
    sentence[1, 3:] = PAD
    return {"sentence": sentence, "chars": rng.randint(0, 20, size=(2, 5, 4))}


def train(model, epochs, lr=0.1, clip=5.0):
    loss_function = nn.NLLLoss(ignore_index=-1)
    optimizer = optim.SGD(model.parameters(), lr=lr)
    scheduler = optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1)
    given = {k: torch.from_numpy(v) for k, v in inputs().items()}
    tags = torch.where(given["sentence"] == PAD, torch.full_like(given["sentence"], -1), given["sentence"] % 5)
    for epoch in range(epochs):
        # Step 1. Remember that Pytorch accumulates gradients.
        model.train()
        model.zero_grad()
        # Step 2. Run our forward pass.
        tag_scores = model(**given)
        # Step 3. Compute the loss, gradients, and update the parameters
        loss = loss_function(tag_scores.view(-1, tag_scores.size(-1)), tags.view(-1))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        scheduler.step(loss.item())
        print("epoch %d, loss %.3f" % (epoch, loss.item()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    tagger = build()
    train(tagger, args.epochs)
    print(tagger.predict(*[torch.from_numpy(v) for v in inputs().values()]))
